/** What the browser runs: on pages with a passkey form it asks for the passkey and submits the answer; moments become local. */

/**
 * A form `data-passkey="create"` or `"get"` carries its options as JSON in `data-options`, and has a hidden field
 * `response`. Where the browser knows no passkeys, the form's `[data-unsupported]` is shown in the place of all else in it.
 */
export const passkeyScript = `
'use strict';
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
const withIds = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
async function ask(kind, options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (kind === 'create') {
    publicKey.user = { ...options.user, id: bytes(options.user.id) };
    publicKey.excludeCredentials = withIds(options.excludeCredentials);
    return navigator.credentials.create({ publicKey });
  }
  publicKey.allowCredentials = withIds(options.allowCredentials);
  return navigator.credentials.get({ publicKey });
}
function told(credential) {
  const { response } = credential;
  const fields = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'];
  const told = {};
  for (const field of fields) if (response[field]) told[field] = text(response[field]);
  if (response.getTransports) told.transports = response.getTransports();
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(), response: told };
}
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const button = form.querySelector('button');
  if (!window.PublicKeyCredential) {
    for (const child of form.children) child.hidden = true;
    form.querySelector('[data-unsupported]').hidden = false;
    continue;
  }
  form.addEventListener('submit', async (event) => {
    if (form.elements.response.value) return;
    event.preventDefault();
    button.disabled = true;
    try {
      const credential = await ask(form.dataset.passkey, JSON.parse(form.dataset.options));
      form.elements.response.value = JSON.stringify(told(credential));
      form.submit();
    } catch (error) {
      const failed = form.querySelector('[data-failed]');
      failed.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
}
`

/** Each `<time>` as the reader's own clock has it, in the page's language. */
export const timeScript = `
'use strict';
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
for (const time of document.querySelectorAll('time')) time.textContent = clock.format(new Date(time.dateTime));
`
