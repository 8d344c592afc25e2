// Reads queries, one a line, as Node's library and qs do. Writes what each reads, as JSON, one line for each.
'use strict';

const fs = require('fs');
const qs = require('qs');
const querystring = require('querystring');

const RESERVED =
    ['login', 'service', 'time', 'time_fudge', 'expires_at', 'nonce', 'audience', 'state'];

function reading(read) {
    try {
        return read();
    } catch (error) {
        return error.name;
    }
}

// Inherited properties count as well.
function object(parsed) {
    const result = Object.assign(Object.create(null), parsed);
    for (const name of RESERVED) {
        if (parsed[name] !== undefined) {
            result[name] = parsed[name];
        }
    }
    return result;
}

// Values that are not repeated stand for themselves.
function lists(params) {
    const result = Object.create(null);
    for (const name of params.keys()) {
        const values = params.getAll(name);
        result[name] = values.length === 1 ? values[0] : values;
    }
    return result;
}

const { version } = require('qs/package.json');
const lines = [JSON.stringify(`Node ${process.version}, qs ${version}`)];
const queries = fs.readFileSync(0, 'utf8').split('\n').slice(0, -1);
for (const query of queries) {
    lines.push(JSON.stringify({
        'URLSearchParams': reading(() => lists(new URLSearchParams(query))),
        'URL': reading(() => lists(new URL(`https://app.example/join?${query}`).searchParams)),
        'querystring': reading(() => object(querystring.parse(query))),
        'qs': reading(() => object(qs.parse(query))),
        'qs in Express': reading(() => object(qs.parse(query, { allowPrototypes: true }))),
        'qs, allowDots': reading(() => object(qs.parse(query, { allowDots: true }))),
        'qs, ignoreQueryPrefix':
            reading(() => object(qs.parse(query, { ignoreQueryPrefix: true }))),
    }));
}
fs.writeFileSync(1, lines.join('\n') + '\n');
