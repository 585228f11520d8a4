// Runs models through `pfld run` and ONNX Runtime on the same inputs and compares all outputs.
// Usage: node parity.js PFLD CROP WORKDIR COUNT MODEL.onnx...
// WORKDIR/photos lists photos, one a line.
'use strict';
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const ort = require('onnxruntime-node');

const LIMIT = 1e-4; // of an output's range
const OUR_LIMIT = 1e-5; // of the crop's side, which is the unit of our landmarks

// Of quantised landmarks. ONNX Runtime rounds some values to the neighbouring level, fused and not
// fused even differently, and each of these moves what comes behind: a few thousandths of the crop.
const LEVEL_LIMIT = 2e-2;
const LOG_LIMIT = 0.1; // of the spread's numbers, logarithms of deviations: a tenth of a deviation

// ONNX Runtime computes Sigmoid as 0.5 + f(x): it is exact to some units of 2^-25, however small the
// result. Where all of an output is as small as 1e-5 (yunet's obj_* on noise), that is what differs.
const RESOLUTION = 2 ** -22;

function writeNpy(file, shape, data) {
  const dims = shape.map((d) => `${d},`).join(' ');
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`;
  header = header.padEnd(64 * Math.ceil((10 + header.length + 1) / 64) - 10 - 1) + '\n';
  const start = Buffer.alloc(10);
  start.write('\x93NUMPY\x01\x00', 'latin1');
  start.writeUInt16LE(header.length, 8);
  const body = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  fs.writeFileSync(file, Buffer.concat([start, Buffer.from(header, 'latin1'), body]));
}

function readNpy(file) {
  const bytes = fs.readFileSync(file);
  const body = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, body);
  if (!/'descr': *'<f4'/.test(header) || !/'fortran_order': *False/.test(header))
    throw new Error(`${file}: ${header}`);
  const shape = header.match(/'shape': *\(([^)]*)\)/)[1].split(',').filter((s) => s.trim());
  const end = bytes.byteOffset + bytes.length; // a small file's buffer is a part of a larger one
  const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset + body, end));
  return { shape: shape.map(Number), data };
}

// Small and seeded: a failure can be repeated.
function randomFloats(n, seed) {
  const out = new Float32Array(n);
  let state = seed >>> 0;
  for (let i = 0; i < n; i++) {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    out[i] = ((t ^ (t >>> 14)) >>> 8) / 0x1000000;
  }
  return out;
}

// What the file leaves open becomes what pfld makes of it.
function closedShape(shape) {
  return shape.map((d, i) => (Number.isInteger(d) ? d : [1, 3, 128, 128][i]));
}

// One .npy for each input of the model.
function randomInputs(inputs, seed, work) {
  return inputs.map((input, i) => {
    const shape = closedShape(input.shape);
    const file = path.join(work, `random-${i}.npy`);
    writeNpy(file, shape, randomFloats(shape.reduce((a, b) => a * b, 1), 1000 * i + seed));
    return file;
  });
}

// The same of a photo; nothing for a model that is not one for pictures.
function photoInputs(inputs, photo, crop, work) {
  const shape = closedShape(inputs[0].shape);
  if (inputs.length !== 1 || shape.length !== 4) return [];
  const file = path.join(work, 'photo.npy');
  execFileSync(crop, [photo, shape.join('x'), file]);
  return [file];
}

function difference(ours, theirs, name) {
  if (ours.data.length !== theirs.data.length || ours.shape.join() !== theirs.dims.join())
    throw new Error(`${name}: shape ${ours.shape} against ${theirs.dims}`);
  let low = Infinity, high = -Infinity, absolute = 0;
  for (let i = 0; i < ours.data.length; i++) {
    const reference = Number(theirs.data[i]);
    low = Math.min(low, reference);
    high = Math.max(high, reference);
    const d = Math.abs(ours.data[i] - reference);
    absolute = Number.isNaN(d) ? Infinity : Math.max(absolute, d);
  }
  return { absolute, relative: absolute / (high > low ? high - low : 1) };
}

function largest(a = { absolute: 0, relative: 0 }, b = a) {
  return { absolute: Math.max(a.absolute, b.absolute), relative: Math.max(a.relative, b.relative) };
}

// How far the outputs lie apart between inputs: a net that ignores its input proves nothing.
function spread(references) {
  let most = 0;
  for (const r of references)
    r.forEach((v, i) => { most = Math.max(most, Math.abs(v - references[0][i])); });
  return most;
}

function verdictOf(output, d, ours, quantised) {
  const levels = output === 'spread' ? LOG_LIMIT : LEVEL_LIMIT;
  if (quantised) return d.absolute <= levels ? 'ok, 8 bits' : 'DIFFERS';
  if (ours) return d.absolute <= OUR_LIMIT ? 'ok, ours' : 'DIFFERS';
  return d.relative <= LIMIT ? 'ok' : d.absolute <= RESOLUTION ? 'ok, absolute' : 'DIFFERS';
}

// Runs both on files; raises worst[output] where they differ by more. Returns the first output.
async function compareOnce(pfld, session, model, info, files, work, worst) {
  const lines = execFileSync(pfld, ['run', model, ...files, '-o', work], { encoding: 'utf8' });
  const written = new Map();
  for (const line of lines.trim().split('\n').map((l) => JSON.parse(l)))
    written.set(line.output, line.file);
  const feeds = {};
  files.forEach((file, i) => {
    const { shape, data } = readNpy(file);
    feeds[info.inputs[i].name] = new ort.Tensor('float32', data, shape);
  });
  const reference = await session.run(feeds);
  for (const o of session.outputNames) {
    worst.set(o, largest(worst.get(o), difference(readNpy(written.get(o)), reference[o], o)));
    fs.rmSync(written.get(o));
  }
  return reference[session.outputNames[0]].data;
}

async function compare(pfld, crop, work, count, photos, model) {
  const info = JSON.parse(execFileSync(pfld, ['info', model, '--json']));
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const ours = info.metadata['pfld.kind'] === 'landmarks';
  const quantised = 'QuantizeLinear' in info.operators;
  const random = new Map(), real = new Map(), references = [];
  for (let k = 1; k <= count; k++) {
    const files = randomInputs(info.inputs, k, work);
    references.push(await compareOnce(pfld, session, model, info, files, work, random));
  }
  for (const photo of photos) {
    const files = photoInputs(info.inputs, photo, crop, work);
    if (files.length)
      references.push(await compareOnce(pfld, session, model, info, files, work, real));
  }
  if (ours && !(spread(references) > (quantised ? 5 * LEVEL_LIMIT : 100 * OUR_LIMIT)))
    throw new Error(`all inputs give the same points, within ${spread(references)}`);
  let good = random.size > 0;
  for (const [o, d] of random) {
    const all = largest(d, real.get(o));
    const verdict = verdictOf(o, all, ours, quantised);
    const columns = [d.relative, real.get(o)?.relative ?? NaN, all.absolute];
    console.log(path.basename(model).padEnd(28), o.padEnd(10),
      ...columns.map((x) => x.toExponential(1).padStart(8)), verdict);
    good = good && verdict !== 'DIFFERS';
  }
  return good;
}

async function main() {
  const [pfld, crop, work, n, ...models] = process.argv.slice(2);
  const photos = fs.readFileSync(path.join(work, 'photos'), 'utf8').split('\n').filter(Boolean);
  let good = models.length > 0 && Number(n) > 0;
  console.log(`Largest differences: over the output's range, of ${n} random inputs and of ` +
    `${photos.length} photos (${LIMIT} allowed); absolute (${RESOLUTION.toExponential(1)} allowed); ` +
    `of ours absolute (${OUR_LIMIT} allowed, of 8 bits ${LEVEL_LIMIT})`);
  for (const model of models) {
    try {
      good = (await compare(pfld, crop, work, Number(n), photos, model)) && good;
    } catch (error) {
      console.log(`${model}: ${error.message}`);
      good = false;
    }
  }
  process.exitCode = good ? 0 : 1;
}

main();
