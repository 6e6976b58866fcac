/** The scripts of the pages: passkey forms and local times. */

/**
 * A form `data-passkey="create"` or `"get"` has its options as JSON in `data-options`, and a hidden field `response`. If the
 * browser does not support passkeys, only the form's `[data-unsupported]` element is shown.
 */
export const passkeyScript = `
'use strict';
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
const withIds = (list) => (list || []).map((item) => ({ ...item, id: bytes(item.id) }));
async function getCredential(kind, options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (kind === 'create') {
    publicKey.user = { ...options.user, id: bytes(options.user.id) };
    publicKey.excludeCredentials = withIds(options.excludeCredentials);
    return navigator.credentials.create({ publicKey });
  }
  publicKey.allowCredentials = withIds(options.allowCredentials);
  return navigator.credentials.get({ publicKey });
}
function toJson(credential) {
  const { response } = credential;
  const fields = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'];
  const encoded = {};
  for (const field of fields) if (response[field]) encoded[field] = text(response[field]);
  if (response.getTransports) encoded.transports = response.getTransports();
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(), response: encoded };
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
      const credential = await getCredential(form.dataset.passkey, JSON.parse(form.dataset.options));
      form.elements.response.value = JSON.stringify(toJson(credential));
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

export const timeScript = `
'use strict';
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
for (const time of document.querySelectorAll('time')) time.textContent = clock.format(new Date(time.dateTime));
`
