'use strict';

const form = document.getElementById('civic');
const message = document.getElementById('message');
const civicSip = new civic.sip({ appId: form.dataset.appId, hideIntro: true });

// The token goes to our own server, which exchanges it for the person's id.
civicSip.on('auth-code-received', (event) => {
  message.textContent = 'Logging you in …';
  form.elements.token.value = event.response;
  form.submit();
});

civicSip.on('user-cancelled', () => {
  message.textContent = 'You cancelled. Nothing was shared.';
});

civicSip.on('civic-sip-error', (error) => {
  console.warn(error.type, error.message);
  message.textContent = `This did not work: ${error.message}`;
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  message.textContent = '';
  civicSip.signup({ style: 'popup', scopeRequest: civicSip.ScopeRequests.ANONYMOUS_LOGIN });
});
