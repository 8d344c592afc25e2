'use strict';

// Shows the URL of the request while it is being typed. Without script, the form works all the same.
const form = document.getElementById('request');
const preview = document.getElementById('preview');

function show() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value !== '') query.append(name, value);
  }
  preview.hidden = false;
  preview.querySelector('output').textContent = `${form.dataset.request}?${query}`;
}

form.addEventListener('input', show);
show();
