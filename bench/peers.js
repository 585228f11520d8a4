// The driver of bench/peers: the contenders take turns until the time is up, on each picture.
// Usage: node peers.js LIST FOLDER SECONDS WxH...
// LIST: lines of a name, a program and its arguments, with tabs between; pictures and results
// (peers.json) are in FOLDER.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const readline = require('node:readline');

const TURN_MS = 200; // how long a contender is at work before the next one is, about
const MOST_RUNS = 200; // in a turn

class Contender {
  constructor(name, program, ...args) {
    this.name = name;
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  say(text) {
    this.child.stdin.write(`${text}\n`);
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} has ended`);
    return value;
  }

  async run(n) {
    this.say(`go ${n}`);
    return (await this.line()).split(' ').map(Number);
  }

  async faces() {
    this.say('boxes');
    let n = 0;
    while ((await this.line()) !== '.') n++;
    return n;
  }

  // The first runs are not counted: they tell how many a turn may have.
  async begin(picture) {
    this.say(`load ${picture}`);
    this.found = await this.faces();
    const first = await this.run(3);
    this.runs = Math.max(1, Math.min(MOST_RUNS, Math.round(TURN_MS / Math.min(...first))));
    this.ms = [];
    this.turns = 0;
  }

  async turn() {
    this.ms.push(...(await this.run(this.runs)));
    this.turns++;
  }
}

function median(values) {
  const v = [...values].sort((a, b) => a - b);
  return (v[(v.length - 1) >> 1] + v[v.length >> 1]) / 2;
}

// Which one begins a round changes, so that none always follows the same other.
async function play(contenders, picture, seconds) {
  for (const c of contenders) await c.begin(picture);
  const end = Date.now() + 1000 * seconds;
  for (let round = 0; round === 0 || Date.now() < end; round++)
    for (let i = 0; i < contenders.length; i++)
      await contenders[(round + i) % contenders.length].turn();
}

function results(contenders, size) {
  const rows = contenders.map((c) => ({ name: c.name, min: Math.min(...c.ms), median: median(c.ms), c }));
  return rows.map((r) => ({
    v: 1, what: 'peer', size, name: r.name, threads: 1,
    min_ms: +r.min.toFixed(4), median_ms: +r.median.toFixed(4),
    ratio_min: +(r.min / rows[0].min).toFixed(3), ratio_median: +(r.median / rows[0].median).toFixed(3),
    faces: r.c.found, runs: r.c.ms.length, turns: r.c.turns,
  }));
}

function table(rows) {
  const first = rows[0].name;
  console.log(`\n| ${rows[0].size} | faces | runs | min ms | median ms | min / ${first} | median |`);
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const r of rows)
    console.log(`| ${r.name} | ${r.faces} | ${r.runs} | ${r.min_ms.toFixed(2)} | ${r.median_ms.toFixed(2)}`
      + ` | ${r.ratio_min.toFixed(2)} | ${r.ratio_median.toFixed(2)} |`);
}

async function main() {
  const [list, folder, seconds, ...sizes] = process.argv.slice(2);
  const lines = fs.readFileSync(list, 'utf8').split('\n').filter((line) => line);
  const contenders = lines.map((line) => new Contender(...line.split('\t')));
  const all = [];
  for (const size of sizes) {
    await play(contenders, `${folder}/${size}.ppm`, +seconds);
    const rows = results(contenders, size);
    table(rows);
    all.push(...rows);
  }
  for (const c of contenders) c.child.stdin.end();
  fs.writeFileSync(`${folder}/peers.json`, all.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

main().catch((error) => {
  console.error(`bench/peers: ${error.message}`);
  process.exit(1);
});
