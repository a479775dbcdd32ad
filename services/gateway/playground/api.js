// The server's API, as far as this page asks.

import {eventData} from './event_stream.js';

// What the server, or the way to it, said instead of an answer.
export class ApiError extends Error {
  // status: of HTTP, 0 where there was no answer at all.
  constructor(message, {status = 0, type = '', param = null, retryAfter = null} = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.param = param;
    this.retryAfter = retryAfter;  // seconds
  }
}

// Relative, so that the page also works behind a proxy's prefix.
export function address(path) {
  return new URL(path, document.baseURI).href;
}

function headers(key) {
  return key ? {Authorization: `Bearer ${key}`} : {};
}

async function call(path, options) {
  try {
    return await fetch(address(path), {cache: 'no-store', credentials: 'omit', ...options});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError('The server cannot be reached.');
  }
}

export function errorOf(status, body, retryAfter = null) {
  const error = body?.error;
  if (error && typeof error === 'object') {
    return new ApiError(String(error.message ?? 'It gave no reason.'),
        {status, type: error.type ?? '', param: error.param ?? null, retryAfter});
  }
  return new ApiError(`The server answered with status ${status}.`, {status, retryAfter});
}

async function failure(response) {
  const seconds = Number(response.headers.get('Retry-After'));
  const body = await response.json().catch(() => null);
  return errorOf(response.status, body, seconds > 0 ? seconds : null);
}

// /health: {status}, 200 when the model can answer.
export async function health(signal) {
  const response = await call('health', {signal});
  return {status: response.status};
}

// The names of the models.
export async function models(key, signal) {
  const response = await call('v1/models', {headers: headers(key), signal});
  if (!response.ok) throw await failure(response);
  return (await response.json()).data.map((model) => model.id);
}

// The texts of the tokens that the server makes of a chat's messages.
export async function promptTexts({model, messages}, key) {
  const response = await call('tokenize', {
    method: 'POST',
    headers: {'Content-Type': 'application/json', ...headers(key)},
    body: JSON.stringify({model, messages, return_token_strs: true}),
  });
  if (!response.ok) throw await failure(response);
  return (await response.json()).token_strs;
}

// The chunks of a chat completion. Throws ApiError; AbortError after `signal`.
export async function* streamChat(request, {key, signal}) {
  const response = await call('v1/chat/completions', {
    method: 'POST',
    headers: {'Content-Type': 'application/json', ...headers(key)},
    body: JSON.stringify(request),
    signal,
  });
  if (!response.ok) throw await failure(response);
  try {
    for await (const data of eventData(response.body)) {
      if (data === '[DONE]') return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw errorOf(response.status, chunk);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ApiError || error.name === 'AbortError') throw error;
    throw new ApiError(`The answer broke off: ${error.message}.`);
  }
  throw new ApiError('The answer broke off: the server closed the stream.');
}
