/**
 * Creates a rotation key in the browser: P-256, in the forms that other tools read, `did:key:z…` and a Multikey (`z…`) of the
 * private one. The private key is shown and saved here, and is not sent.
 */
const letters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** The Multicodec prefixes of a P-256 public and private key. */
const publicPrefix = [0x80, 0x24]
const privatePrefix = [0x86, 0x26]

const root = document.querySelector('[data-new-key]')
const button = root.querySelector('[data-create]')
root.hidden = false
button.addEventListener('click', async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const { x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  const sign = 2 + (bytesOf(y).at(-1) & 1)
  const didKey = `did:key:${multibase([...publicPrefix, sign, ...bytesOf(x)])}`
  const secret = multibase([...privatePrefix, ...bytesOf(d)])
  document.querySelector('#key').value = didKey
  const shown = root.querySelector('[data-created]')
  shown.querySelector('[data-secret]').textContent = secret
  const link = shown.querySelector('a[download]')
  const text = `${link.dataset.about}\n\n${didKey}\n${secret}\n`
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  shown.hidden = false
  button.hidden = true
  link.focus()
})

function bytesOf(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0))
}

/** Base58btc with its prefix. The bytes do not begin with a zero. */
function multibase(bytes) {
  let n = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  let text = ''
  for (; n > 0n; n /= 58n) text = letters[Number(n % 58n)] + text
  return `z${text}`
}
