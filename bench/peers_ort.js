// YuNet (2023) through ONNX Runtime on one thread, as one of bench/peers: see peers.h for the
// commands. Usage: node peers_ort.js YUNET.onnx
//
// What is timed is the net alone, with its input filled before: turning pixels into numbers and
// outputs into boxes, which would be JavaScript's speed and not the runtime's, cost it nothing.
'use strict';
const fs = require('node:fs');
const readline = require('node:readline');
const ort = require('onnxruntime-node');

const SCORE = 0.5;
const OVERLAP = 0.3;

function readPpm(file) {
  const bytes = fs.readFileSync(file);
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.toString('latin1', 0, 64));
  if (!head) throw new Error(`${file}: not a PPM of 8 bits`);
  return { width: +head[1], height: +head[2], rgb: bytes.subarray(head[0].length) };
}

const roundUp = (n) => 32 * Math.ceil(n / 32);

// The file is for 640x640 only, but that is all that binds it to this size: the two numbers of its
// input's shape are put right, which take two bytes each up to 16,383.
function resized(model, width, height) {
  const bytes = Buffer.from(model);
  const dim = (n) => Buffer.from([0x0a, 3, 0x08, 0x80 | (n & 127), n >> 7]);
  const at = bytes.indexOf(Buffer.concat([dim(640), dim(640)]));
  if (at < 0 || width < 128 || height < 128) throw new Error('not YuNet for 640x640');
  Buffer.concat([dim(height), dim(width)]).copy(bytes, at);
  return bytes;
}

const nets = new Map(); // by size: making one takes longer than running it

async function netFor(model, width, height) {
  const size = `${width}x${height}`;
  if (!nets.has(size))
    nets.set(size, await ort.InferenceSession.create(resized(model, width, height), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3, // the shapes of its outputs still say 640x640: a warning for each
    }));
  return nets.get(size);
}

async function load(model, file) {
  const picture = readPpm(file);
  const width = roundUp(picture.width), height = roundUp(picture.height);
  const net = await netFor(model, width, height);
  const input = new Float32Array(3 * width * height); // BGR, 0..255
  for (let y = 0; y < picture.height; y++)
    for (let x = 0; x < picture.width; x++)
      for (let c = 0; c < 3; c++)
        input[(c * height + y) * width + x] = picture.rgb[3 * (y * picture.width + x) + 2 - c];
  return { net, width, height, feeds: { input: new ort.Tensor('float32', input, [1, 3, height, width]) } };
}

function overlap(a, b) {
  const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  const both = Math.max(w, 0) * Math.max(h, 0);
  return both / (a[2] * a[3] + b[2] * b[3] - both);
}

function decode(out, stride, columns, faces) {
  const data = (name) => out[`${name}_${stride}`].data;
  const cls = data('cls'), obj = data('obj'), box = data('bbox');
  for (let i = 0; i < cls.length; i++) {
    const score = Math.sqrt(cls[i] * obj[i]);
    if (score < SCORE) continue;
    const x = ((i % columns) + box[4 * i]) * stride, w = Math.exp(box[4 * i + 2]) * stride;
    const y = (Math.floor(i / columns) + box[4 * i + 1]) * stride, h = Math.exp(box[4 * i + 3]) * stride;
    faces.push([x - w / 2, y - h / 2, w, h, score]);
  }
}

function facesOf(out, width) {
  const kept = [], faces = [];
  for (const stride of [8, 16, 32]) decode(out, stride, width / stride, faces);
  for (const face of faces.sort((a, b) => b[4] - a[4]))
    if (kept.every((k) => overlap(k, face) < OVERLAP)) kept.push(face);
  return kept;
}

async function go(loaded, n) {
  const times = [];
  for (let i = 0; i < n; i++) {
    const before = process.hrtime.bigint();
    await loaded.net.run(loaded.feeds);
    times.push((Number(process.hrtime.bigint() - before) / 1e6).toFixed(5));
  }
  console.log(times.join(' '));
}

async function main() {
  const model = fs.readFileSync(process.argv[2]);
  let loaded;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, rest] = [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)];
    if (word === 'load') {
      loaded = await load(model, rest);
    } else if (word === 'go') await go(loaded, +rest);
    else if (word === 'boxes') {
      for (const face of facesOf(await loaded.net.run(loaded.feeds), loaded.width))
        console.log(face.map((v) => v.toFixed(3)).join(' '));
      console.log('.');
    } else throw new Error(`unknown command: ${line}`);
  }
}

main().catch((error) => {
  console.error(`bench/peers: ${error.message}`);
  process.exit(1);
});
