// SPDX-License-Identifier: Apache-2.0
/** The device's HTTP API: requests, and server-sent events that connect again by themselves. */

const BASE = '/api/v1/';
const PATIENCE_MS = 15000;
const LONGEST_PAUSE_MS = 8000;

/** Why the device does not do something (RFC 9457); status 0: it did not answer. */
export class Problem extends Error {
  constructor(status, body = {}, wait = 0) {
    super(body.detail ?? '');
    this.status = status;
    this.pointer = body.pointer ?? null;
    this.wait = wait;
  }
}

/** Where a path of the API is, for links and media. */
export const urlOf = (path) => BASE + path;

async function problemOf(answer) {
  const body = await answer.json().catch(() => ({}));
  return new Problem(answer.status, body, Number(answer.headers.get('Retry-After')) || 0);
}

/** Ask the device: {data, etag}, or a Problem is thrown. */
export async function ask(method, path, body, headers = {}) {
  const options = { method, headers, signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-cache' };
  if (body !== undefined) {
    options.body = typeof body === 'string' ? body : JSON.stringify(body);
    options.headers = { 'Content-Type': 'application/json', ...headers };
  }
  let answer;
  let data = null;
  try {
    answer = await fetch(urlOf(path), options);
    if (answer.ok && answer.headers.get('Content-Type')?.includes('json')) data = await answer.json();
  } catch {
    throw new Problem(0);
  }
  if (!answer.ok) throw await problemOf(answer);
  return { data, etag: answer.headers.get('ETag') };
}

/** Put a file to a path; `progress` is told how much of it is sent, up to 1. (fetch cannot tell that.) */
export const upload = (path, file, headers, progress) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', urlOf(path));
    for (const [name, value] of Object.entries({ 'Content-Type': 'application/octet-stream', ...headers })) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onerror = () => reject(new Problem(0));
    request.onload = () => {
      if (request.status < 300) resolve();
      else problemOf(new Response(request.response, { status: request.status })).then(reject);
    };
    request.send(file);
  });

/** What is at a path. */
export const get = async (path) => (await ask('GET', path)).data;

/**
 * Follow a stream of server-sent events. When it ends, or is silent for `quietMs`, it is opened again after a pause that
 * grows, with the last event's id. (EventSource cannot tell a refusal from a device that is away.)
 * @param {{quietMs: number, on: (event: string, data: any) => void, down: (problem: Problem) => void}} handlers
 * @returns {{stop: () => void, hurry: () => void}} `hurry` ends a pause
 */
export function follow(path, { quietMs, on, down }) {
  let lastId = '';
  let pause = 500;
  let stopped = false;
  let connection;
  let endPause = () => {};

  const take = (block) => {
    let name = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      if (field === 'event') name = value;
      else if (field === 'id') lastId = value;
      else if (field === 'data') data += value;
    }
    if (!data) return;
    pause = 500;
    on(name, JSON.parse(data));
  };

  const read = async () => {
    connection = new AbortController();
    let watchdog;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => connection.abort(), quietMs);
    };
    try {
      alive();
      const headers = lastId ? { 'Last-Event-ID': lastId } : {};
      const answer = await fetch(urlOf(path), { headers, signal: connection.signal, cache: 'no-store' });
      if (!answer.ok) throw await problemOf(answer);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) throw new Problem(0);
        alive();
        text += value;
        const blocks = text.split('\n\n');
        text = blocks.pop();
        blocks.forEach(take);
      }
    } catch (problem) {
      connection.abort();
      return problem instanceof Problem ? problem : new Problem(0);
    } finally {
      clearTimeout(watchdog);
    }
  };

  (async () => {
    while (!stopped) {
      const problem = await read();
      if (stopped) return;
      down(problem);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.max(pause, problem.wait * 1000) * (0.8 + 0.4 * Math.random()));
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  })();

  return {
    stop() {
      stopped = true;
      connection.abort();
      endPause();
    },
    hurry: () => endPause(),
  };
}
