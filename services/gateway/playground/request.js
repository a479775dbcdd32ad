// A chat request, and how to make it without this page.

// turns: [{role, content}].
export function chatRequest({model, system, turns, fields}) {
  const messages = turns.map(({role, content}) => ({role, content}));
  if (system !== '') messages.unshift({role: 'system', content: system});
  return {
    model,
    messages,
    ...fields,
    stream: true,
    stream_options: {include_usage: true},
    return_timings: true,
    return_token_sources: true,
  };
}

// The text as one word of a shell.
export function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// A command for a shell. The key is not in it: it would stay in a history.
export function curlLine(url, request, hasKey) {
  return [
    `curl -N ${quoted(url)}`,
    `-H 'Content-Type: application/json'`,
    ...(hasKey ? ['-H "Authorization: Bearer $API_KEY"'] : []),
    `-d ${quoted(JSON.stringify(request))}`,
  ].join(' \\\n  ');
}
