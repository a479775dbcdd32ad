// Asks the server how it is, for as long as somebody looks at the page.

import {health, models} from './api.js';

const READY_PERIOD_MS = 5000;
const OTHER_PERIOD_MS = 1000;

const WORDS = {
  ready: 'ready',
  unready: 'not ready: it is loading its model, or stopping',
  unreachable: 'not reachable',
  locked: 'asks for an API key',
};

export class ServerState {
  #key;
  #changed;
  #timer = null;
  state = 'unknown';
  models = [];

  // key(): the API key. changed(): called after each change.
  constructor(key, changed) {
    this.#key = key;
    this.#changed = changed;
    document.addEventListener('visibilitychange', () => this.poll());
  }

  get words() {
    return WORDS[this.state] ?? 'connecting';
  }

  async poll() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const before = `${this.state} ${this.models}`;
    this.state = await this.#ask();
    if (`${this.state} ${this.models}` !== before) this.#changed();
    clearTimeout(this.#timer);  // two polls at once go on as one
    const period = this.state === 'ready' ? READY_PERIOD_MS : OTHER_PERIOD_MS;
    this.#timer = setTimeout(() => this.poll(), period);
  }

  async #ask() {
    try {
      const {status} = await health();
      if (status !== 200) return 'unready';
      this.models = await models(this.#key());
      return 'ready';
    } catch (error) {
      if (error.status === 401) return 'locked';
      return error.status === 503 ? 'unready' : 'unreachable';
    }
  }
}
