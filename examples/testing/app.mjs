// An app in JavaScript, without dependencies: it exchanges a code token and greets the person.

import crypto from 'node:crypto';
import { createServer } from 'node:http';

export const createApp = (civic) => createServer(async (request, response) => {
  let token = '';
  for await (const chunk of request) {
    token += chunk;
  }
  const [status, text] = await logIn(civic, token);
  response.writeHead(status).end(text);
});

const logIn = async (civic, token) => {
  let user;
  try {
    user = await exchangeCode(civic, token);
  } catch (error) {
    return error.status ? [401, 'please start again'] : [502, 'please try again later'];
  }
  const email = user.data.find(({ label }) => label === 'contact.personal.email');
  return email?.isValid && email.isOwner
    ? [200, `Hello, ${email.value}`]
    : [403, 'we need your e-mail address'];
};

const AUDIENCE = 'https://api.civic.com/sip/';
const ENCODING = { dsaEncoding: 'ieee-p1363' };

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An uncompressed point of P-256, as a JSON Web Key (RFC 7518, section 6.2.1). */
const jwk = (point) => ({
  kty: 'EC',
  crv: 'P-256',
  x: point.subarray(1, 33).toString('base64url'),
  y: point.subarray(33).toString('base64url'),
});

const signingKey = (hex) => {
  const pair = crypto.createECDH('prime256v1');
  pair.setPrivateKey(hex, 'hex');
  const key = { ...jwk(pair.getPublicKey()), d: Buffer.from(hex, 'hex').toString('base64url') };
  return crypto.createPrivateKey({ key, format: 'jwk' });
};

const exchangeCode = async ({ baseUrl, appId, privateSigningKey, secret, sipPublicKey }, authToken) => {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    jti: crypto.randomUUID(),
    iat,
    exp: iat + 180,
    iss: appId,
    sub: appId,
    aud: AUDIENCE,
    data: { method: 'POST', path: 'scopeRequest/authCode' },
  };
  const signed = `${base64url({ alg: 'ES256', typ: 'JWT' })}.${base64url(claims)}`;
  const key = { key: signingKey(privateSigningKey), ...ENCODING };
  const signature = crypto.sign('sha256', Buffer.from(signed), key).toString('base64url');
  const body = JSON.stringify({ authToken });
  const digest = crypto.createHmac('sha256', secret).update(body).digest('base64');
  const response = await fetch(`${baseUrl}/dev/scopeRequest/authCode`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json',
      Authorization: `Civic ${signed}.${signature}.${digest}`,
    },
    body,
  });
  if (!response.ok) {
    throw Object.assign(new Error('the service rejected the exchange'), { status: response.status });
  }
  const { data, userId } = await response.json();
  return { userId, data: open(data, { appId, secret, sipPublicKey }) };
};

/** Verifies and decrypts a response. */
const open = (token, { appId, secret, sipPublicKey }) => {
  const [header, payload, signature, ...rest] = token.split('.');
  const key = { key: jwk(Buffer.from(sipPublicKey, 'hex')), format: 'jwk' };
  const verifies = crypto.verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: crypto.createPublicKey(key), ...ENCODING },
    Buffer.from(signature, 'base64url'),
  );
  const { alg } = JSON.parse(Buffer.from(header, 'base64url'));
  if (rest.length > 0 || alg !== 'ES256' || !verifies) {
    throw new Error('the response is not signed by the service');
  }
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  const now = Date.now() / 1000;
  const isForUs = claims.iss === 'civic-sip-hosted-service' && claims.aud === AUDIENCE && claims.sub === appId;
  if (!isForUs || !(claims.exp > now - 60) || !(claims.iat < now + 60)) {
    throw new Error('the response is not for this app and time');
  }
  const iv = Buffer.from(claims.data.slice(0, 32), 'hex');
  const decipher = crypto.createDecipheriv('aes-128-cbc', Buffer.from(secret, 'hex'), iv);
  return JSON.parse(decipher.update(claims.data.slice(32), 'base64', 'utf8') + decipher.final('utf8'));
};
