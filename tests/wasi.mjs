// Runs a WASI program with all files of this machine: node tests/wasi.mjs PROGRAM.wasm [ARG...]
import fs from 'node:fs';
import v8 from 'node:v8';
import { WASI } from 'node:wasi';

// node's fast calls of WASI crash (https://github.com/nodejs/node/issues/53087): most runs of
// check_kernels ended in a segmentation fault, none does without them.
v8.setFlagsFromString('--no-turbo-fast-api-calls');

const args = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args, env: {}, preopens: { '/': '/' } });
const module = await WebAssembly.compile(fs.readFileSync(args[0]));
const imports = { wasi_snapshot_preview1: wasi.wasiImport };
process.exitCode = wasi.start(await WebAssembly.instantiate(module, imports));
