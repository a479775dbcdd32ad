// How fast an answer came, measured here, and what the server says of it.

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
    if (this.#usage) {
      const cached = this.#usage.prompt_tokens_details?.cached_tokens ?? 0;
      add(`${cached} of ${plural(this.#usage.prompt_tokens, 'prompt token')} cached`,
          'Prompt tokens that the server had computed before');
    }
    const timings = this.#timings;
    if (timings) {
      const parts = ['queue', 'prefill', 'decode']
          .filter((name) => typeof timings[`${name}_seconds`] === 'number')
          .map((name) => `${name} ${duration(timings[`${name}_seconds`])}`);
      if (parts.length > 0) add(parts.join(', '), 'Where the time went on the server');
    }
  }
}
