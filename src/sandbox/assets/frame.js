/* The frame in the modal: shows the code, polls for the wallet's answer, and tells the page. */
(() => {
  'use strict';

  /** Milliseconds between two polls: pages expect `read` within a second. */
  const INTERVAL = 300;
  /** The number of polls in a row that may fail. */
  const MAX_FAILURES = 15;

  const { origin, seconds } = document.documentElement.dataset;
  const base = location.pathname.replace(/\/frame$/, '');
  const id = base.split('/').pop();
  const part = (name) => document.getElementById(name);

  let ended = false;
  let failures = 0;
  let deadline = performance.now() + Number(seconds) * 1000;

  /** Only the page that created the request receives messages. */
  const tell = (message) => parent.postMessage({ civicSip: id, ...message }, origin);

  const ask = async (path, options) => {
    const response = await fetch(base + path, { cache: 'no-store', ...options });
    // The sandbox forgets requests long after they expired.
    return response.status === 404 ? { status: 'expired' } : response.json();
  };

  const fail = (type, message) => {
    ended = true;
    for (const name of ['intro', 'code', 'wallet', 'countdown', 'continue']) {
      part(name).hidden = true;
    }
    part('status').textContent = message;
    part('status').className = 'warn';
    part('cancel').textContent = 'Close';
    focusControl();
    tell({ type: 'failed', error: { type, message } });
  };

  const update = ({ status, read, expiresIn, response }) => {
    if (ended) {
      return;
    }
    if (read) {
      tell({ type: 'read' });
    }
    if (status === 'granted') {
      ended = true;
      tell({ type: 'granted', response });
    } else if (status === 'cancelled') {
      ended = true;
      tell({ type: 'cancelled' });
    } else if (status === 'expired') {
      fail('expired', 'The code has expired.');
    } else {
      deadline = performance.now() + expiresIn * 1000;
      count();
    }
  };

  const count = () => {
    const left = Math.max(0, Math.round((deadline - performance.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    part('countdown').textContent = `The code expires in ${clock}`;
  };

  const poll = async () => {
    try {
      update(await ask(''));
      failures = 0;
    } catch {
      failures += 1;
      if (failures >= MAX_FAILURES && !ended) {
        fail('network', 'The Civic service can not be reached.');
      }
    }
    if (!ended) {
      setTimeout(poll, INTERVAL);
    }
  };

  const cancel = async () => {
    if (ended) {
      tell({ type: 'closed' });
      return;
    }
    try {
      update(await ask('/cancel', { method: 'POST' }));
    } catch {
      update({ status: 'cancelled' });
    }
  };

  const showCode = () => {
    for (const name of ['code', 'wallet', 'countdown']) {
      part(name).hidden = false;
    }
    part('intro').hidden = true;
    part('continue').hidden = true;
    focusControl();
  };

  /** Focuses the control that a person needs next. */
  const focusControl = () => {
    const control = ['continue', 'wallet', 'cancel'].map(part).find(({ hidden }) => !hidden);
    control.focus();
  };

  part('continue').addEventListener('click', showCode);
  part('cancel').addEventListener('click', cancel);
  window.addEventListener('keydown', ({ key }) => key === 'Escape' && cancel());
  // The page gives the focus to the frame, not to a control in it.
  window.addEventListener('focus', () => document.activeElement === document.body && focusControl());
  window.addEventListener('message', ({ origin: from, source, data }) => {
    if (from === origin && source === parent && data?.civicSip === id && data.type === 'cancel') {
      cancel();
    }
  });
  // Browsers slow the timers of hidden tabs down.
  document.addEventListener('visibilitychange', async () => {
    if (!document.hidden && !ended) {
      ask('').then(update, () => {});
    }
  });
  setInterval(count, 1000);

  if (location.search === '?intro') {
    part('intro').hidden = false;
    part('continue').hidden = false;
    focusControl();
  } else {
    showCode();
  }
  count();
  poll();
})();
