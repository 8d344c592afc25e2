/*
 * The browser library of the sandbox, with the interface of the hosted service's:
 *
 *   const civicSip = new civic.sip({ appId: 'app42', hideIntro: false });
 *   civicSip.on('auth-code-received', (event) => send(event.response));
 *   civicSip.signup({ style: 'popup', scopeRequest: civicSip.ScopeRequests.BASIC_SIGNUP });
 */
(() => {
  'use strict';

  const isLibrary = (src) => /\/js\/civic\.sip(\.min)?\.js([?#]|$)/.test(src ?? '');
  const script = [document.currentScript, ...document.scripts].find((element) => isLibrary(element?.src));
  // The script is at {sandbox}/js/. In a bundle it has no address of its own.
  const sandbox = new URL(script ? new URL('..', script.src) : '{base_url}/');

  const ScopeRequests = Object.freeze({
    ANONYMOUS_LOGIN: 'Anonymous_Login',
    BASIC_LOGIN: 'Login',
    BASIC_SIGNUP: 'civicBasic',
    CIVIC_BASIC: 'civicBasic',
    LEGAL: 'Legal',
    ID_VERIFICATION: 'id_verification',
    PASSPORT: 'passport',
    DRIVER_LICENSE: 'driversLicense',
    PROOF_OF_RESIDENCE: 'proofOfResidence',
    PROOF_OF_IDENTITY: 'proofOfIdentity',
    PROOF_OF_AGE: 'proofOfAge',
  });

  /** The version of the wallet app. Pages reject `v2`, the one before the hosted service's last. */
  const CLIENT_VERSION = 'v3';

  /** Milliseconds in which the frame must confirm a cancellation. */
  const CANCEL_TIMEOUT = 1000;

  const stylesheet = new URL('css/civic-modal.css', sandbox).href;
  const styled = new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = stylesheet;
    link.onload = resolve;
    link.onerror = resolve;
    document.head.append(link);
  });

  // Plain properties: frameworks wrap instances in proxies, which have no access to private ones.
  class Emitter {
    on(event, callback) {
      if (typeof callback !== 'function') {
        throw new TypeError(`on('${event}', callback) needs a function`);
      }
      this._callbacks ??= {};
      this._callbacks[event] = [...this.listeners(event), callback];
      return this;
    }

    once(event, callback) {
      const once = (...values) => {
        this.off(event, once);
        callback.apply(this, values);
      };
      once.callback = callback;
      return this.on(event, once);
    }

    /** Removes one listener, all of an event, or all. */
    off(event, callback) {
      if (event === undefined) {
        this._callbacks = {};
      } else if (callback === undefined) {
        delete this._callbacks?.[event];
      } else {
        const listeners = this.listeners(event);
        const index = listeners.findIndex((one) => one === callback || one.callback === callback);
        if (index >= 0) {
          listeners.splice(index, 1);
          this._callbacks[event] = listeners;
        }
      }
      return this;
    }

    emit(event, ...values) {
      for (const callback of this.listeners(event)) {
        try {
          callback.apply(this, values);
        } catch (error) {
          // The other listeners are called all the same.
          reportError(error);
        }
      }
      return this;
    }

    listeners(event) {
      return [...(this._callbacks?.[event] ?? [])];
    }

    hasListeners(event) {
      return this.listeners(event).length > 0;
    }
  }
  Emitter.prototype.addEventListener = Emitter.prototype.on;
  Emitter.prototype.removeListener = Emitter.prototype.off;
  Emitter.prototype.removeEventListener = Emitter.prototype.off;
  Emitter.prototype.removeAllListeners = Emitter.prototype.off;

  class Sip extends Emitter {
    constructor(options = {}) {
      super();
      this._config = {};
      this.configure(options);
    }

    /** Changes the options of the constructor. */
    configure({ appId = this._config.appId, hideIntro = this._config.hideIntro } = {}) {
      if (typeof appId !== 'string' || appId === '') {
        throw new TypeError('new civic.sip({ appId }) needs the id of the app');
      }
      this._config = { appId, hideIntro: Boolean(hideIntro) };
    }

    /** Calls back when the page is loaded. */
    ready(callback) {
      if (document.readyState === 'loading') {
        document.addEventListener('DOMContentLoaded', () => callback(), { once: true });
      } else {
        callback();
      }
    }

    /** Asks the person for the data of a scope request. The result arrives by events. */
    signup(options) {
      return this.start(options);
    }

    login(options) {
      return this.start(options);
    }

    start(options) {
      // One modal at a time.
      if (!document.querySelector('dialog.civic-window[open]')) {
        run(this, options?.scopeRequest ?? ScopeRequests.BASIC_SIGNUP);
      }
      return true;
    }

    /** Appends a login button to an element. The page listens for its clicks. */
    static injectButton(parent, text = 'Log in with Civic') {
      const found = typeof parent === 'string' ? document.querySelector(parent) : parent;
      const element = found?.jquery ? found[0] : found;
      if (!element) {
        throw new Error('injectButton(parent, text) needs an element of the page');
      }
      const button = create('button', { id: 'show-qrcode', className: 'civic-button-a medium', type: 'button' });
      button.append(create('span', { className: 'civic-login', textContent: text }));
      element.append(button);
    }
  }
  Sip.ScopeRequests = ScopeRequests;
  Sip.prototype.ScopeRequests = ScopeRequests;

  const create = (name, properties) => Object.assign(document.createElement(name), properties);

  /** Finds or creates the modal. It stays in the page, because pages show content of their own in it. */
  const findModal = () => {
    const found = document.querySelector('div.civic-modal.civic-qrcode');
    if (found?.querySelector('dialog.civic-window')) {
      return found;
    }
    const modal = create('div', { className: 'civic-modal civic-qrcode' });
    const dialog = create('dialog', { className: 'civic-window', ariaLabel: 'Continue with Civic' });
    dialog.append(create('div', { className: 'civic-content', id: 'civic-iframe-zone' }));
    modal.append(dialog);
    document.body.append(modal);
    return modal;
  };

  /** Opens the modal with an empty frame. */
  const openModal = () => {
    const modal = findModal();
    const dialog = modal.querySelector('dialog.civic-window');
    const content = dialog.querySelector('.civic-content');
    const frame = create('iframe', { id: 'civic-sr-frame', title: 'Continue with Civic' });
    modal.classList.add('civic-show');
    document.body.classList.add('civic-hit-the-lights', 'civic-no-scroll');
    // A page may have hidden it while it showed a loader.
    dialog.removeAttribute('style');
    content.replaceChildren();
    dialog.showModal();
    // After that, or the empty frame would have the focus and keep it from its content.
    content.append(frame);
    const close = () => {
      modal.classList.remove('civic-show');
      document.body.classList.remove('civic-hit-the-lights', 'civic-no-scroll');
      content.replaceChildren();
      dialog.close();
    };
    return { dialog, frame, close };
  };

  /** Creates a scope request and shows it until it ends. */
  const run = async (sip, scopeRequest) => {
    const { dialog, frame, close } = openModal();
    const listening = new AbortController();
    const { signal } = listening;
    let id;
    let read = false;
    let failed = false;

    const end = () => {
      listening.abort();
      close();
    };
    const fail = ({ type, message }) => {
      failed = true;
      sip.emit('civic-sip-error', { type, message });
    };
    const cancelled = () => {
      end();
      if (!failed) {
        sip.emit('user-cancelled', { event: 'scoperequest:user-cancelled' });
      }
    };
    const receive = {
      read: () => {
        if (!read) {
          read = true;
          sip.emit('read', { event: 'scoperequest:read' });
        }
      },
      granted: ({ response }) => {
        end();
        sip.emit('auth-code-received', {
          event: 'scoperequest:auth-code-received',
          response,
          type: 'code',
          clientVersion: CLIENT_VERSION,
        });
      },
      failed: ({ error }) => fail(error),
      cancelled,
      closed: end,
    };

    window.addEventListener('message', ({ origin, source, data }) => {
      // Only the frame, and only while it shows the sandbox.
      if (origin === sandbox.origin && source === frame.contentWindow && id && data?.civicSip === id) {
        receive[data.type]?.(data);
      }
    }, { signal });
    // The Escape key, while the focus is not in the frame.
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      if (!id) {
        cancelled();
        return;
      }
      frame.contentWindow.postMessage({ civicSip: id, type: 'cancel' }, sandbox.origin);
      setTimeout(() => signal.aborted || cancelled(), CANCEL_TIMEOUT);
    }, { signal });
    dialog.addEventListener('close', cancelled, { signal });

    try {
      id = await createRequest(sip._config.appId, scopeRequest);
    } catch (error) {
      if (!signal.aborted) {
        end();
        fail(error);
      }
      return;
    }
    await styled;
    if (signal.aborted) {
      return;
    }
    const address = new URL(`scopeRequests/${id}/frame`, sandbox);
    address.search = sip._config.hideIntro ? '' : '?intro';
    frame.addEventListener('load', () => frame.focus(), { once: true });
    frame.src = address.href;
  };

  /** Returns the id of a new scope request, or throws `{type, message}`. */
  const createRequest = async (appId, scopeRequest) => {
    let response;
    let body;
    try {
      response = await fetch(new URL('scopeRequests', sandbox), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ appId, scopeRequest }),
        credentials: 'omit',
      });
      body = await response.json();
    } catch {
      throw { type: 'network', message: 'the Civic service can not be reached' };
    }
    if (!response.ok) {
      const types = { 401: 'unauthorized', 429: 'throttled' };
      throw { type: types[response.status] ?? 'bad-request', message: body.message };
    }
    return body.id;
  };

  if (typeof exports === 'object' && typeof module !== 'undefined') {
    module.exports = Sip;
  } else if (typeof define === 'function' && define.amd) {
    define([], () => Sip);
  } else {
    window.civic = window.civic ?? {};
    window.civic.sip = Sip;
  }
})();
