// How fast an answer came, measured here, and what the server says of it.

import {shortSourceWords} from './token_sources.js';

export function duration(seconds) {
  if (seconds >= 10) return `${seconds.toFixed(0)} s`;
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  const milliseconds = seconds * 1000;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

export function rate(tokensPerSecond) {
  return `${tokensPerSecond.toFixed(tokensPerSecond < 100 ? 1 : 0)} tok/s`;
}

function plural(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

// Where cached tokens were, if not all of them in the engine.
function loaded(timings) {
  const {memory = 0, disk = 0} = timings?.cached_tokens_by_tier ?? {};
  if (memory + disk === 0) return '';
  const tiers = [memory > 0 ? `${memory} from memory` : '', disk > 0 ? `${disk} from disk` : ''];
  return ` (${tiers.filter(Boolean).join(', ')}, loaded in ${duration(timings.load_seconds ?? 0)})`;
}

// drafts: {source: {drafted_tokens, accepted_tokens}}.
function draftWords(drafts) {
  const parts = Object.entries(drafts).map(([source, {drafted_tokens: drafted, accepted_tokens: accepted}]) =>
    `${shortSourceWords(source)} ${accepted} of ${drafted}`);
  return parts.length === 0 ? '' : `drafts kept: ${parts.join(', ')}`;
}

// Watches one answer. Times are in seconds, of any one clock.
export class AnswerFigures {
  #sent;
  #first = null;
  #last = null;
  #counted = 0;
  #usage = null;
  #timings = null;

  constructor(sent) {
    this.#sent = sent;
  }

  tokens(count, now) {
    if (count === 0) return;
    this.#first ??= now;
    this.#last = now;
    this.#counted += count;
  }

  // `usage` and `timings` of a chunk.
  report(usage, timings) {
    this.#usage = usage ?? this.#usage;
    this.#timings = timings ?? this.#timings;
  }

  // Of the prompt's tokens; null: the server has not said.
  get numCached() {
    return this.#usage ? this.#usage.prompt_tokens_details?.cached_tokens ?? 0 : null;
  }

  get numTokens() {
    return this.#usage?.completion_tokens ?? this.#counted;
  }

  get secondsToFirst() {
    return this.#first === null ? null : this.#first - this.#sent;
  }

  // Between the first token and the last; null before there are two.
  get tokensPerSecond() {
    const seconds = this.#last - this.#first;
    return this.#counted > 1 && seconds > 0 ? (this.#counted - 1) / seconds : null;
  }

  // What stands below the answer: [{text, title}].
  summary() {
    const parts = [];
    const add = (text, title) => parts.push({text, title});
    if (this.tokensPerSecond !== null) {
      add(rate(this.tokensPerSecond), 'Tokens a second after the first');
    }
    if (this.secondsToFirst !== null) {
      add(`first token ${duration(this.secondsToFirst)}`, 'From sending the request to the first token, as seen here');
    }
    if (this.numTokens > 0) add(plural(this.numTokens, 'token'), 'Generated');
    this.#addServerParts(add);
    return parts;
  }

  #addServerParts(add) {
    const timings = this.#timings;
    if (this.#usage) {
      add(`${this.numCached} of ${plural(this.#usage.prompt_tokens, 'prompt token')} cached${loaded(timings)}`,
          'Prompt tokens that the server had computed before');
    }
    if (timings) {
      const drafts = draftWords(timings.drafts ?? {});
      if (drafts !== '') add(drafts, 'Drafted tokens that the model drew too, of those that it verified');
      const parts = ['queue', 'prefill', 'decode']
          .filter((name) => typeof timings[`${name}_seconds`] === 'number')
          .map((name) => `${name} ${duration(timings[`${name}_seconds`])}`);
      if (parts.length > 0) add(parts.join(', '), 'Where the time went on the server');
    }
  }
}
