// How an app in another language tests its login, here in JavaScript.
//
// node --test examples/testing/node.test.mjs

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

import { createApp } from './app.mjs';

const command = process.env.CIVIC_SANDBOX ?? 'cargo run --quiet --example sandbox --';

let program;
let sandbox;
let app;

before(async () => {
  program = spawn(`${command} --port 0 --json --until-stdin-closes`, {
    shell: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // Addresses and credentials, on one line.
  const [line] = await once(createInterface(program.stdout), 'line');
  sandbox = JSON.parse(line);
  app = createApp(sandbox).listen(0, '127.0.0.1');
  await once(app, 'listening');
});

after(async () => {
  app.close();
  // The sandbox also ends when this process does not get here.
  program.stdin.end();
  assert.deepEqual(await once(program, 'exit'), [0, null]);
});

const issueToken = async (request) => {
  const response = await fetch(sandbox.tokensUrl, { method: 'POST', body: JSON.stringify(request) });
  return (await response.json()).token;
};

const logIn = async (token) => {
  const url = `http://127.0.0.1:${app.address().port}/login`;
  const response = await fetch(url, { method: 'POST', body: token });
  return [response.status, await response.text()];
};

test('ada logs in once with one token', async () => {
  const token = await issueToken({ person: 'ada', scopeRequest: 'BASIC_SIGNUP' });
  assert.deepEqual(await logIn(token), [200, 'Hello, ada.winterbourne@example.com']);
  assert.equal((await logIn(token))[0], 401);
});

test('an address of somebody else is rejected', async () => {
  const token = await issueToken({ person: 'chioma' });
  assert.equal((await logIn(token))[0], 403);
});

test('a forged response is rejected', async () => {
  for (const fault of ['wrong-key', 'unsigned', 'wrong-algorithm', 'expired', 'other-app']) {
    await fetch(sandbox.faultsUrl, { method: 'POST', body: JSON.stringify({ fault }) });
    const token = await issueToken({ person: 'ada' });
    assert.equal((await logIn(token))[0], 502, fault);
  }
});
