'use strict';

const form = document.getElementById('login');
const message = document.getElementById('message');
const civicSip = new civic.sip({ appId: form.dataset.appId, hideIntro: true });

form.addEventListener('submit', (event) => {
  event.preventDefault();
  message.textContent = '';
  civicSip.signup({ style: 'popup', scopeRequest: civicSip.ScopeRequests.BASIC_SIGNUP });
});

// The token goes to our own server, which exchanges it for the person's data.
civicSip.on('auth-code-received', (event) => {
  message.textContent = 'Logging you in …';
  form.elements.token.value = event.response;
  form.submit();
});

civicSip.on('user-cancelled', () => {
  message.textContent = 'You cancelled. Nothing was shared.';
});

civicSip.on('civic-sip-error', (error) => {
  message.textContent = `This did not work: ${error.message}`;
});
