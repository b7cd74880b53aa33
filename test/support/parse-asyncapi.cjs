// Reads AsyncAPI documents, a list of texts in JSON, from standard input; prints for each what the parser makes of it. A program
// of its own, since in jest's sandbox the parser takes ten times as long.
const { readFileSync } = require('node:fs');
const { Parser } = require('@asyncapi/parser');

/** Advice (severities 2 and 3) is left out: it asks for a newer version of AsyncAPI than tools know. */
const WARNING = 1;

const summary = (document) => ({
  version: document.version(),
  channels: document
    .channels()
    .all()
    .map((channel) => ({
      id: channel.id(),
      address: channel.address(),
      messages: channel
        .messages()
        .all()
        .map((message) => ({
          name: message.name(),
          headers: Object.keys(message.headers()?.properties() ?? {}),
        })),
    })),
  operations: document
    .operations()
    .all()
    .map((operation) => [operation.id(), operation.action()]),
});

async function parse(text) {
  const { document, diagnostics } = await new Parser().parse(text);
  const faults = diagnostics.filter(({ severity }) => severity <= WARNING);
  return {
    faults: faults.map(({ path, message }) => `${path.join('.')}: ${message}`),
    summary: document && summary(document),
  };
}

Promise.all(JSON.parse(readFileSync(0, 'utf8')).map(parse)).then((results) =>
  console.log(JSON.stringify(results)),
);
