/**
 * Passkey forms. A form `data-passkey="create"` or `"get"` has its options as JSON in `data-options`, and a hidden field
 * `response`. If the browser does not support passkeys, or is from before 2025, only the form's `[data-unsupported]` element
 * is shown.
 */
const ask = {
  create: (options) =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
    }),
  get: (options) =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
    }),
}
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const button = form.querySelector('button')
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
    for (const child of form.children) child.hidden = true
    form.querySelector('[data-unsupported]').hidden = false
    continue
  }
  form.addEventListener('submit', async (event) => {
    if (form.elements.response.value) return
    event.preventDefault()
    button.disabled = true
    try {
      const credential = await ask[form.dataset.passkey](JSON.parse(form.dataset.options))
      form.elements.response.value = JSON.stringify(credential)
      form.submit()
    } catch {
      const failed = form.querySelector('[data-failed]')
      failed.hidden = false
      button.disabled = false
      button.focus()
    }
  })
}
