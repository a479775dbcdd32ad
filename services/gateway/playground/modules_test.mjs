import assert from 'node:assert/strict';
import {test} from 'node:test';

import {percent, rowsOf, visible} from './alternatives.js';
import {errorOf} from './api.js';
import {EventStreamParser} from './event_stream.js';
import {AnswerFigures, duration, rate} from './figures.js';
import {requestFields, stopStrings} from './parameters.js';
import {chatRequest, curlLine, quoted} from './request.js';
import {draftOf, withSources} from './token_sources.js';
import {TokenText} from './token_text.js';

const utf8 = new TextEncoder();

function token(text) {
  const bytes = typeof text === 'string' ? [...utf8.encode(text)] : text;
  return {token: String(text), bytes, logprob: -1};
}

function texts(segments) {
  return segments.map(({text, tokens}) => `${text}|${tokens.length}`);
}

test('events are whole however the text is cut', () => {
  const stream = ': hello\n\ndata: {"a":1}\r\n\r\ndata:x\ndata: y\n\nid: 3\n\ndata: [DONE]\n\n';
  for (let step = 1; step < stream.length; step++) {
    const parser = new EventStreamParser();
    const events = [];
    for (let at = 0; at < stream.length; at += step) {
      events.push(...parser.push(stream.slice(at, at + step)));
    }
    assert.deepEqual(events, ['{"a":1}', 'x\ny', '[DONE]'], `pieces of ${step}`);
  }
});

test('a token is a segment', () => {
  const cut = new TokenText();
  assert.deepEqual(texts(cut.add('The sky', [token('The'), token(' sky')])), ['The|1', ' sky|1']);
  assert.deepEqual(texts(cut.finish()), []);
});

test('the tokens of one character are one segment', () => {
  const cut = new TokenText();
  assert.deepEqual(texts(cut.add('', [token([0xf0, 0x9f])])), []);
  assert.deepEqual(texts(cut.add('\u{1f31e} a', [token([0x8c, 0x9e]), token(' a')])),
      ['\u{1f31e}|2', ' a|1']);
});

test('text that is held back keeps its tokens', () => {
  const cut = new TokenText();
  assert.deepEqual(texts(cut.add('', [token(' EN')])), []);
  assert.deepEqual(texts(cut.add(' ENTRY', [token('TRY')])), [' EN|1', 'TRY|1']);
});

test('a stop string cuts the last token', () => {
  const cut = new TokenText();
  assert.deepEqual(texts(cut.add(' wa', [token(' water')])), []);
  assert.deepEqual(texts(cut.finish()), [' wa|1']);
});

test('what a stop string took away leaves no segment', () => {
  const cut = new TokenText();
  assert.deepEqual(texts(cut.add('a', [token('a'), token(' END')])), ['a|1']);
  assert.deepEqual(texts(cut.finish()), []);
});

test('an end token has no segment', () => {
  const cut = new TokenText();
  assert.deepEqual(texts(cut.add('a', [token('a'), token('')])), ['a|1']);
});

test('text and tokens that do not match stay text', () => {
  const cut = new TokenText();
  assert.deepEqual(texts(cut.add('abc', [token('xyz')])), ['abc|0']);
  assert.deepEqual(texts(cut.add('d', [token('d')])), ['d|1']);
});

test('without tokens text comes at once', () => {
  assert.deepEqual(texts(new TokenText().add('abc', [])), ['abc|0']);
});

test('bytes that are no character become the replacement character', () => {
  const cut = new TokenText();
  const bad = [token([0xff]), token([0xff]), token([0xff]), token([0xff])];
  assert.deepEqual(texts(cut.add('\ufffd\ufffd\ufffd\ufffd', bad)),
      ['\ufffd\ufffd\ufffd\ufffd|4']);
});

test('only filled fields are sent', () => {
  assert.deepEqual(requestFields({}), {logprobs: true, top_logprobs: 5});
  assert.deepEqual(requestFields({temperature: ' 0 ', seed: '7', top_p: '', top_logprobs: '0',
    stop: 'a\\nb\n\nc'}), {temperature: 0, seed: 7, stop: ['a\nb', 'c']});
  assert.deepEqual(requestFields({top_logprobs: '0', prediction: ' a\n'}),
      {prediction: {type: 'content', content: ' a\n'}});
  assert.deepEqual(stopStrings('a\\\\n\\t'), ['a\\n\t']);
});

test('a system prompt comes first, and only where there is one', () => {
  const turns = [{role: 'user', content: 'a', view: {}}];
  const ask = (system) => chatRequest({model: 'm', system, turns, fields: {seed: 1}});
  assert.deepEqual(ask('s').messages,
      [{role: 'system', content: 's'}, {role: 'user', content: 'a'}]);
  assert.deepEqual(ask('').messages, [{role: 'user', content: 'a'}]);
  assert.equal(ask('').seed, 1);
});

test('a shell reads the curl line as it was meant', () => {
  assert.equal(quoted("it's"), "'it'\\''s'");
  const line = curlLine('http://h/', {a: "it's $HOME"}, true);
  assert.match(line, /-d '\{"a":"it'\\''s \$HOME"\}'/);
  assert.match(line, /Bearer \$API_KEY/);
  assert.doesNotMatch(curlLine('http://h/', {}, false), /Bearer/);
});

test('speed is that between the first token and the last', () => {
  const figures = new AnswerFigures(10);
  assert.equal(figures.secondsToFirst, null);
  figures.tokens(1, 10.5);
  assert.equal(figures.tokensPerSecond, null);
  figures.tokens(0, 11);
  figures.tokens(2, 11.5);
  assert.equal(figures.secondsToFirst, 0.5);
  assert.equal(figures.tokensPerSecond, 2);
  assert.equal(figures.numTokens, 3);
  figures.report({completion_tokens: 4, prompt_tokens: 1}, {queue_seconds: 0.001, prefill_seconds: 2});
  assert.deepEqual(figures.summary().map(({text}) => text),
      ['2.0 tok/s', 'first token 500 ms', '4 tokens', '0 of 1 prompt token cached',
        'queue 1.0 ms, prefill 2.00 s']);
});

test('figures tell where cached tokens were and which drafts were kept', () => {
  const texts = (timings) => {
    const figures = new AnswerFigures(0);
    figures.report({prompt_tokens: 9, prompt_tokens_details: {cached_tokens: 7}}, timings);
    return figures.summary().map(({text}) => text);
  };
  assert.deepEqual(texts({cached_tokens_by_tier: {engine: 7, memory: 0, disk: 0}, drafts: {}}),
      ['7 of 9 prompt tokens cached']);
  assert.deepEqual(texts({
    cached_tokens_by_tier: {engine: 1, memory: 2, disk: 4}, load_seconds: 0.5,
    drafts: {text: {drafted_tokens: 5, accepted_tokens: 3}, prediction: {drafted_tokens: 2, accepted_tokens: 0}},
  }), ['7 of 9 prompt tokens cached (2 from memory, 4 from disk, loaded in 500 ms)',
    'drafts kept: conversation 3 of 5, prediction 0 of 2']);
});

test('a segment is marked by the first draft among its tokens', () => {
  const tokens = withSources([{token: 'a'}, {token: 'b'}], ['target', 'text']);
  assert.equal(draftOf(tokens), 'text');
  assert.equal(draftOf(tokens.slice(0, 1)), null);
  assert.equal(draftOf([{source: 'a later one'}]), 'other');
  // Where it is not said of each token, nothing is marked.
  assert.equal(draftOf(withSources([{token: 'a'}, {token: 'b'}], ['text'])), null);
  assert.equal(draftOf(withSources([{token: 'a'}], undefined)), null);
});

test('figures have three digits or so', () => {
  assert.deepEqual([0.0004, 0.0123, 1.234, 12.34].map(duration),
      ['0.4 ms', '12 ms', '1.23 s', '12 s']);
  assert.deepEqual([9.87, 312.4].map(rate), ['9.9 tok/s', '312 tok/s']);
});

test('the chosen token is a row even where it is none of the likeliest', () => {
  const top = [{token: 'a', logprob: -0.1}, {token: 'b', logprob: -3}];
  const chosen = (entry) => rowsOf(entry).map((row) => `${row.token}${row.chosen ? '*' : ''}`);
  assert.deepEqual(chosen({token: 'b', logprob: -3, top_logprobs: top}), ['a', 'b*']);
  assert.deepEqual(chosen({token: 'c', logprob: -9, top_logprobs: top}), ['a', 'b', 'c*']);
  assert.deepEqual(chosen({token: 'c', logprob: -9}), ['c*']);
});

test('what cannot be seen is spelled out', () => {
  assert.equal(visible(' a\n\t'), '\u00b7a\u21b5\u21e5');
  assert.equal(visible(''), '(end)');
  assert.deepEqual([0, -0.0001, -0.693147, -9].map(percent), ['100.0%', '>99.9%', '50.0%', '<0.1%']);
});

test('an error keeps what the server said, or says what it has', () => {
  const error = errorOf(400, {error: {message: 'no', type: 't', param: 'n', code: null}}, 2);
  assert.deepEqual([error.message, error.status, error.type, error.param, error.retryAfter],
      ['no', 400, 't', 'n', 2]);
  assert.match(errorOf(502, null).message, /502/);
});
