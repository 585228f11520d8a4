// Any net through ONNX Runtime on one thread, on noise, as one of bench/peers_nets: see peers.h for
// the commands. Usage: node peers_net_ort.js MODEL.onnx DIM,DIM,...
//
'use strict';
const fs = require('node:fs');
const readline = require('node:readline');
const ort = require('onnxruntime-node');

async function open(file, dims) {
  const net = await ort.InferenceSession.create(fs.readFileSync(file), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) data[i] = 2 * Math.random() - 1;
  return { net, feeds: { [net.inputNames[0]]: new ort.Tensor('float32', data, dims) } };
}

async function go({ net, feeds }, n) {
  const times = [];
  for (let i = 0; i < n; i++) {
    const before = process.hrtime.bigint();
    await net.run(feeds);
    times.push((Number(process.hrtime.bigint() - before) / 1e6).toFixed(5));
  }
  console.log(times.join(' '));
}

async function main() {
  const opened = await open(process.argv[2], process.argv[3].split(',').map(Number));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line.startsWith('go ')) await go(opened, +line.slice(3));
    else if (line === 'boxes') console.log('.');
    else if (!line.startsWith('load ')) throw new Error(`unknown command: ${line}`);
  }
}

main().catch((error) => {
  console.error(`bench/peers: ${error.message}`);
  process.exit(1);
});
