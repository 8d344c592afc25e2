/*
 * The browser library of the sandbox, with the interface of the hosted service's:
 *
 *   const civicSip = new civic.sip({ appId: 'app42', hideIntro: false });
 *   civicSip.on('auth-code-received', (event) => send(event.response));
 *   civicSip.signup({ style: 'popup', scopeRequest: civicSip.ScopeRequests.BASIC_SIGNUP });
 */
(() => {
  'use strict';

  const script =
    document.currentScript ||
    [...document.scripts].reverse().find(({ src }) => /\/civic\.sip(\.min)?\.js([?#]|$)/.test(src));
  if (!script) {
    throw new Error('civic.sip.js has to be loaded by a script element of its own');
  }
  // The script stands at {sandbox}/js/; everything else is found from there.
  const sandbox = new URL('..', script.src);

  const ScopeRequests = Object.freeze({
    BASIC_SIGNUP: 'BASIC_SIGNUP',
    ANONYMOUS_LOGIN: 'ANONYMOUS_LOGIN',
    PROOF_OF_IDENTITY: 'PROOF_OF_IDENTITY',
    PROOF_OF_RESIDENCE: 'PROOF_OF_RESIDENCE',
    PROOF_OF_AGE: 'PROOF_OF_AGE',
  });

  /** How long the frame has to confirm that it gave up, in milliseconds. */
  const PATIENCE = 1000;

  const styled = new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('css/civic.sip.css', sandbox).href;
    link.onload = resolve;
    link.onerror = resolve;
    document.head.append(link);
  });

  class Sip {
    #appId;
    #hideIntro;
    #listeners = new Map();
    #busy = false;

    constructor({ appId, hideIntro = false } = {}) {
      if (typeof appId !== 'string' || appId === '') {
        throw new TypeError('new civic.sip({ appId }) needs the id of the app');
      }
      this.#appId = appId;
      this.#hideIntro = Boolean(hideIntro);
      this.ScopeRequests = ScopeRequests;
    }

    on(event, callback) {
      if (typeof callback !== 'function') {
        throw new TypeError(`on('${event}', callback) needs a function`);
      }
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), callback]);
      return this;
    }

    /** Asks the person. What comes of it is told by events. */
    signup({ style = 'popup', scopeRequest } = {}) {
      if (this.#busy) {
        return;
      }
      if (style !== 'popup') {
        this.#fail('bad-request', `the style '${style}' is unknown; there is 'popup'`);
        return;
      }
      this.#busy = true;
      this.#create(scopeRequest)
        .then((id) => id && this.#show(id))
        .finally(() => {
          this.#busy = false;
        });
    }

    /** The id of a new scope request; nothing if the sandbox refuses. */
    async #create(scopeRequest) {
      let response;
      let answer;
      try {
        response = await fetch(new URL('scopeRequests', sandbox), {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ appId: this.#appId, scopeRequest }),
          credentials: 'omit',
        });
        answer = await response.json();
      } catch {
        this.#fail('network', 'the Civic service can not be reached');
        return undefined;
      }
      if (response.ok) {
        return answer.id;
      }
      const types = { 401: 'unauthorized', 429: 'throttled' };
      this.#fail(types[response.status] ?? 'bad-request', answer.message);
      return undefined;
    }

    /** Resolves when the modal is closed again. */
    async #show(id) {
      await styled;
      const frame = document.createElement('iframe');
      frame.title = 'Continue with Civic';
      const address = new URL(`scopeRequests/${id}/frame`, sandbox);
      address.search = this.#hideIntro ? '' : '?intro';
      frame.src = address.href;
      const dialog = document.createElement('dialog');
      dialog.className = 'civic-sip';
      dialog.setAttribute('aria-label', 'Continue with Civic');
      dialog.append(frame);
      document.body.append(dialog);

      await new Promise((closed) => {
        let ended = false;
        const tell = (event) => {
          if (!ended) {
            ended = true;
            event();
          }
        };
        const close = () => {
          window.removeEventListener('message', hear);
          dialog.remove();
          closed();
        };
        const cancelled = () => {
          close();
          tell(() => this.#emit('user-cancelled', { event: 'scoperequest:user-cancelled' }));
        };
        const hear = ({ origin, source, data }) => {
          // Only the frame, and only as long as it still shows the sandbox.
          if (origin !== sandbox.origin || source !== frame.contentWindow || data?.civicSip !== id) {
            return;
          }
          if (data.type === 'granted') {
            close();
            tell(() => this.#emit('auth-code-received', {
              event: 'scoperequest:auth-code-received',
              response: data.response,
              type: 'code',
            }));
          } else if (data.type === 'cancelled') {
            cancelled();
          } else if (data.type === 'failed') {
            tell(() => this.#fail(data.error.type, data.error.message));
          } else if (data.type === 'closed') {
            close();
          }
        };
        window.addEventListener('message', hear);
        // The Escape key, while the focus is not in the frame.
        dialog.addEventListener('cancel', (event) => {
          event.preventDefault();
          frame.contentWindow.postMessage({ civicSip: id, type: 'cancel' }, sandbox.origin);
          setTimeout(() => dialog.isConnected && cancelled(), PATIENCE);
        });
        dialog.addEventListener('close', cancelled);
        dialog.showModal();
        frame.focus();
      });
    }

    #fail(type, message) {
      this.#emit('civic-sip-error', { type, message });
    }

    #emit(event, object) {
      for (const callback of this.#listeners.get(event) ?? []) {
        try {
          callback(object);
        } catch (error) {
          // The page's own mistake is the page's to see, and no reason not to tell the others.
          reportError(error);
        }
      }
    }
  }
  Sip.ScopeRequests = ScopeRequests;

  window.civic = { ...window.civic, sip: Sip };
})();
