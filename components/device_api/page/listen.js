// SPDX-License-Identifier: Apache-2.0
/**
 * Live sound: the endless WAV, cut into buffers that are played one behind the other, a fraction of a second late.
 *
 * Not by an AudioWorklet, which browsers have on HTTPS and on this computer only; the device speaks plain HTTP.
 */

import { Problem, urlOf } from './api.js';

const RATE = 16000;
const CUSHION_S = 0.25; // played so late, so that a pause of the network is not heard
const MOST_S = 0.8; // more than that is dropped: live sound is not to fall behind

/** Tells `onChange(state, problem)`: 'stopped', 'starting' or 'playing'. */
export class LiveSound {
  state = 'stopped';
  #volume = 0.8;

  constructor(onChange) {
    this.onChange = onChange;
  }

  set volume(value) {
    this.#volume = value;
    if (this.gain) this.gain.gain.value = value;
  }

  #tell(state, problem) {
    this.state = state;
    this.onChange(state, problem);
  }

  /** To be called from a click, or the browser keeps silent. */
  async start() {
    if (this.state !== 'stopped') return;
    this.context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
    this.gain = new GainNode(this.context, { gain: this.#volume });
    this.gain.connect(this.context.destination);
    this.next = 0;
    this.connection = new AbortController();
    this.#tell('starting');
    let problem = null;
    try {
      const answer = await fetch(urlOf('audio.wav'), { signal: this.connection.signal, cache: 'no-store' });
      if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
      await this.#play(answer.body.getReader());
    } catch (error) {
      if (!this.connection.signal.aborted) problem = error instanceof Problem ? error : new Problem(0);
    }
    this.connection.abort();
    await this.context.close();
    this.#tell('stopped', problem);
  }

  stop() {
    this.connection?.abort();
  }

  async #play(reader) {
    let left = new Uint8Array(0);
    let header = true;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Problem(0);
      let data = new Uint8Array(left.length + value.length);
      data.set(left);
      data.set(value, left.length);
      if (header) {
        const begin = samplesIn(data);
        if (begin === null) {
          left = data;
          continue;
        }
        data = data.slice(begin);
        header = false;
      }
      const even = data.length & ~1;
      left = data.slice(even);
      if (even) this.#schedule(data.subarray(0, even));
    }
  }

  #schedule(data) {
    const now = this.context.currentTime;
    const ahead = this.next - now;
    if (ahead > MOST_S) return;
    if (ahead < 0) this.next = now + CUSHION_S;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const samples = Float32Array.from({ length: data.length / 2 }, (_, i) => view.getInt16(2 * i, true) / 32768);
    const buffer = this.context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.gain);
    source.start(this.next);
    this.next += buffer.duration;
    if (this.state !== 'playing') this.#tell('playing');
  }
}

/** Where a WAV's samples begin; null if its header has not all come. */
function samplesIn(data) {
  const view = new DataView(data.buffer);
  for (let at = 12; at + 8 <= data.length; at += 8 + view.getUint32(at + 4, true)) {
    if (view.getUint32(at) === 0x64617461) return at + 8; // 'data'
  }
  return null;
}
