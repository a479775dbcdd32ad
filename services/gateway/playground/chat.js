// The conversation: asks, streams the answer into its view, and knows which
// turns the next request holds.

import {ApiError, promptTexts, streamChat} from './api.js';
import {AnswerFigures} from './figures.js';
import {chatRequest} from './request.js';
import {withSources} from './token_sources.js';
import {AnswerView, QuestionView} from './turn_views.js';

const NOTES = {length: 'cut at the length', stopped: 'stopped'};

function now() {
  return performance.now() / 1000;
}

export class Chat {
  #list;
  #settings;
  #hooks;
  #turns = [];      // {role, content, view, request of an answer}
  #running = null;  // the AbortController of the answer under way

  // hooks: {model(), changed(), grew(), failed(error), curl(request), copy(text),
  // alternatives}.
  constructor(list, settings, hooks) {
    this.#list = list;
    this.#settings = settings;
    this.#hooks = hooks;
  }

  get busy() {
    return this.#running !== null;
  }

  get empty() {
    return this.#turns.length === 0;
  }

  // The request that `text` makes if it is sent; '': the one last made.
  request(text) {
    const turns = this.#turns.filter(({content}) => content !== '');
    if (text === '' && turns.at(-1)?.role === 'assistant') turns.pop();
    return chatRequest({
      model: this.#hooks.model(),
      system: this.#settings.system,
      turns: text === '' ? turns : [...turns, {role: 'user', content: text}],
      fields: this.#settings.fields,
    });
  }

  ask(text) {
    if (this.busy) return;
    const view = new QuestionView(text, {edit: (which, changed) => this.#edit(which, changed)});
    this.#add({role: 'user', content: text, view});
    this.#answer();
  }

  stop() {
    this.#running?.abort();
  }

  clear() {
    this.stop();
    this.#cut(0);
    this.#hooks.changed();
  }

  #add(turn) {
    this.#turns.push(turn);
    this.#list.append(turn.view.root);
  }

  // Forgets the turns from `begin` on.
  #cut(begin) {
    for (const turn of this.#turns.splice(begin)) turn.view.root.remove();
    this.#hooks.alternatives.hide();
  }

  #indexOf(view) {
    return this.#turns.findIndex((turn) => turn.view === view);
  }

  #edit(view, text) {
    if (this.busy) return;
    const index = this.#indexOf(view);
    this.#cut(index + 1);
    this.#turns[index].content = text;
    view.text = text;
    this.#answer();
  }

  #regenerate(view) {
    if (this.busy) return;
    this.#cut(this.#indexOf(view));
    this.#answer();
  }

  async #answer() {
    const request = this.request('');
    const view = new AnswerView({
      regenerate: (which) => this.#regenerate(which),
      curl: () => this.#hooks.curl(request),
      promptTexts: () => promptTexts(request, this.#settings.key),
      copy: this.#hooks.copy,
      alternatives: this.#hooks.alternatives,
    });
    const turn = {role: 'assistant', content: '', view};
    this.#add(turn);
    const running = this.#running = new AbortController();
    this.#hooks.changed();
    this.#hooks.grew(true);
    const reason = await this.#stream(request, view, running.signal);
    turn.content = view.text;
    view.finish(NOTES[reason]);
    // After clear() another answer may be under way.
    if (this.#running === running) this.#running = null;
    this.#hooks.grew();
    this.#hooks.changed(reason);
  }

  // Returns why the answer ended: a finish_reason, "stopped" or "failed".
  async #stream(request, view, signal) {
    const figures = new AnswerFigures(now());
    const painter = new Painter(() => {
      view.flush();
      view.showFigures(figures.summary());
      this.#hooks.grew();
    });
    let reason = null;
    try {
      for await (const chunk of streamChat(request, {key: this.#settings.key, signal})) {
        figures.report(chunk.usage, chunk.timings ?? chunk.usage?.timings);
        view.numCached = figures.numCached;
        for (const choice of chunk.choices ?? []) {
          const entries = choice.logprobs?.content ?? [];
          const text = choice.delta?.content ?? '';
          figures.tokens(entries.length || (text === '' ? 0 : 1), now());
          view.add(text, withSources(entries, choice.token_sources));
          reason = choice.finish_reason ?? reason;
        }
        painter.request();
      }
    } catch (error) {
      reason = this.#failed(error, view);
    } finally {
      painter.finish();
    }
    return reason;
  }

  #failed(error, view) {
    if (error.name === 'AbortError') return 'stopped';
    const known = error instanceof ApiError ? error : new ApiError(`This page failed: ${error.message}`);
    view.showError(known);
    this.#hooks.failed(known);
    return 'failed';
  }
}

// Paints at most once a frame, however many chunks come.
class Painter {
  #paint;
  #frame = null;

  constructor(paint) {
    this.#paint = paint;
  }

  request() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#paint();
    });
  }

  finish() {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#paint();
  }
}
