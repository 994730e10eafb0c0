// SPDX-License-Identifier: Apache-2.0
// The Improv client that ESP Web Tools has, at a terminal in place of Web Serial:
//   node client.mjs SDK_FOLDER TERMINAL [SSID PASSWORD]
// prints one line of JSON: {"info", "state", "networks", "online", "url", "error"}.
import fs from "node:fs";
import { register } from "node:module";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import tty from "node:tty";
import { pathToFileURL } from "node:url";

// The package is made for bundlers: it leaves out the ends of some of its files' names.
const resolve = (name, context, next) => next(/^\.\.?\/(.*\/)?[^./]+$/.test(name) ? `${name}.js` : name, context);
register(`data:text/javascript,${encodeURIComponent(`export const resolve = ${resolve}`)}`);

const [sdk, terminal, ssid, password] = process.argv.slice(2);
const { ImprovSerial } = await import(pathToFileURL(path.join(sdk, "dist", "serial.js")));

const file = fs.openSync(terminal, fs.constants.O_RDWR | fs.constants.O_NOCTTY);
const port = {
  readable: Readable.toWeb(new tty.ReadStream(file)), // of a file it would hold the process up until a byte comes
  writable: Writable.toWeb(new tty.WriteStream(file)),
};
const quiet = { log() {}, error() {}, debug() {} };
const client = new ImprovSerial(port, quiet);
const told = {};
try {
  told.info = await client.initialize(60000);
  told.networks = await client.scan();
  if (ssid !== undefined) await client.provision(ssid, password);
  const network = await client.requestNetworkState();
  told.online = network.online;
} catch (error) {
  told.error = String(error);
}
told.state = client.state;
told.url = client.nextUrl ?? null;
fs.writeSync(1, JSON.stringify(told) + "\n");
process.exit(0);
