/* The page that plays the wallet app. */
(() => {
  'use strict';

  const base = location.pathname;
  const part = (name) => document.getElementById(name);

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const send = async (path, body) => {
    const response = await fetch(base + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
    });
    const answer = await response.json();
    if (!response.ok) {
      throw new Error(answer.message);
    }
    return answer;
  };

  const finish = (title, text) => {
    part('form').hidden = true;
    part('result').replaceChildren(
      element('h1', { textContent: title }),
      element('p', { className: 'quiet', textContent: text }),
    );
    part('result').focus();
  };

  const failed = (error) => finish('This did not work', error.message);

  let request;

  const chosen = () => {
    const id = new FormData(part('form')).get('person');
    return request.people.find((person) => person.id === id);
  };

  const toggle = (name, label, checked, about) => {
    const input = element('input', { type: 'checkbox', name, value: about.label, checked });
    input.setAttribute('role', 'switch');
    input.setAttribute('aria-label', `${about.title}: ${label}`);
    return element('label', { className: 'switch' }, input, label);
  };

  const shown = (item) => {
    const value = item.picture
      ? element('img', { src: `data:image/png;base64,${item.value}`, alt: 'Picture on the document' })
      : element('span', { className: 'value', textContent: item.value });
    return element(
      'li',
      { className: 'item' },
      element('span', { className: 'quiet', textContent: item.title }),
      value,
      element(
        'div',
        { className: 'switches' },
        toggle('valid', 'still valid', item.isValid, item),
        toggle('owner', 'owned by this person', item.isOwner, item),
      ),
    );
  };

  const showItems = () => {
    const { items } = chosen();
    const nothing = element('li', {
      className: 'item quiet',
      textContent: 'No data: only an id that is the same at every visit.',
    });
    part('items').replaceChildren(...(items.length ? items.map(shown) : [nothing]));
  };

  const show = () => {
    part('title').textContent = request.title;
    part('origin').textContent = request.origin;
    part('app').textContent = request.appId;
    const titles = request.people[0].items.map(({ title }) => title);
    part('wants').textContent = titles.length ? `Wants: ${titles.join(', ')}` : 'Wants no data';
    part('people').append(
      ...request.people.map(({ id, name, note }, index) =>
        element(
          'label',
          { className: 'person' },
          element('input', { type: 'radio', name: 'person', value: id, checked: index === 0 }),
          element(
            'span',
            {},
            element('strong', { textContent: name }),
            element('span', { className: 'quiet', textContent: note }),
          ),
        ),
      ),
    );
    part('people').addEventListener('change', showItems);
    showItems();
    part('form').hidden = false;
    document.title = `${request.title} · Wallet (sandbox)`;
  };

  part('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    part('approve').disabled = true;
    const form = new FormData(part('form'));
    const [valid, owner] = [form.getAll('valid'), form.getAll('owner')];
    const person = chosen();
    const items = person.items.map(({ label }) => ({
      label,
      isValid: valid.includes(label),
      isOwner: owner.includes(label),
    }));
    try {
      await send('/grant', { person: person.id, items });
      finish('Approved', 'You can close this page and go back to the one that asked.');
    } catch (error) {
      failed(error);
    }
  });

  part('deny').addEventListener('click', async () => {
    part('deny').disabled = true;
    try {
      await send('/deny', {});
      finish('Denied', 'Nothing was shared. You can close this page.');
    } catch (error) {
      failed(error);
    }
  });

  send('/request').then((answer) => {
    request = answer;
    show();
  }).catch(failed);
})();
