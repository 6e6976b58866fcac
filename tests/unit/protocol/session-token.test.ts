import { createHmac } from 'node:crypto'
import { decodeJwt, jwtVerify, SignJWT } from 'jose'
import { expect, it } from 'vitest'
import { signToken, verifyToken } from '#src/protocol/session-token.ts'
import { forgeToken } from '#tests/support/session-tokens.ts'

/** As long as jose wants it for HS512. */
const secretText = 's'.repeat(64)
const secret = Buffer.from(secretText)
const now = Math.floor(Date.now() / 1000)
const claims = {
  scope: 'com.atproto.access',
  aud: 'did:web:pds.test',
  sub: 'did:plc:abcdefghijklmnopqrstuvwx',
  iat: now,
  exp: now + 60,
}

/** A token that jose signed with the secret. */
function signed(alg: string, body: Record<string, unknown> = claims): Promise<string> {
  return new SignJWT(body).setProtectedHeader({ typ: 'at+jwt', alg }).sign(secret)
}

// A byte more or less is another length of the last group in base64url.
it.each(['', 'a', 'ab', 'abc'])('signToken with the jti "%s" is verified by jose', async (jti) => {
  const token = signToken('at+jwt', { ...claims, jti }, secret)
  const { payload, protectedHeader } = await jwtVerify(token, secret)
  expect(payload).toEqual({ ...claims, jti })
  expect(protectedHeader).toEqual({ typ: 'at+jwt', alg: 'HS256' })
  expect(verifyToken(token, secret)).toEqual({ typ: 'at+jwt', claims: { ...claims, jti } })
})

it.each(['', 'a', 'ab', 'abc'])(
  'verifyToken reads the jti "%s" of a token that jose signed',
  async (jti) => {
    const token = await signed('HS256', { ...claims, jti })
    const opened = verifyToken(token, secret)
    expect(opened).toEqual({ typ: 'at+jwt', claims: { ...claims, jti } })
  },
)

it.each(['HS384', 'HS512'])(
  'verifyToken refuses a token that jose signed under %s',
  async (alg) => {
    expect(verifyToken(await signed(alg), secret)).toBeUndefined()
  },
)

it.each([undefined, 'none', 'HS512', 'hs256'])(
  'verifyToken refuses a token signed under HS256 whose header says %j',
  (alg) => {
    const token = signToken('at+jwt', claims, secret)
    const forge = (header: Record<string, unknown>) =>
      forgeToken(token, { header, secret: secretText })
    expect(verifyToken(forge({ alg: 'HS256' }), secret)).toEqual({ typ: 'at+jwt', claims })
    expect(verifyToken(forge({ alg }), secret)).toBeUndefined()
  },
)

it.each(['x', 1, null, undefined])('verifyToken refuses a token whose claims are %j', (body) => {
  const parts = [{ typ: 'at+jwt', alg: 'HS256' }, body]
  const text = parts
    .map((part) => Buffer.from(JSON.stringify(part) ?? '{').toString('base64url'))
    .join('.')
  const signature = createHmac('sha256', secret).update(text).digest('base64url')
  expect(verifyToken(`${text}.${signature}`, secret)).toBeUndefined()
})

it('verifyToken reads a token of 4,096 characters, and not a longer one', () => {
  const tokenOf = (length: number) =>
    signToken('at+jwt', { ...claims, jti: 'x'.repeat(length) }, secret)
  // Three bytes are four characters.
  const longest = Math.ceil(((4096 - tokenOf(0).length) * 3) / 4)
  expect(tokenOf(longest)).toHaveLength(4096)
  expect(verifyToken(tokenOf(longest), secret)?.claims).toEqual(decodeJwt(tokenOf(longest)))
  expect(verifyToken(tokenOf(longest + 1), secret)).toBeUndefined()
})

it('verifyToken refuses another secret, another spelling of the signature, and other numbers of parts', () => {
  const token = signToken('at+jwt', claims, secret)
  const [head, body, signature] = token.split('.') as [string, string, string]
  expect(verifyToken(token, secret)).toBeDefined()
  expect(verifyToken(token, new Uint8Array(64).fill(6))).toBeUndefined()
  // 32 bytes leave two bits of the last character unused: it has three other spellings.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(signature.at(-1)!)
  for (const bits of [1, 2, 3]) {
    const other = signature.slice(0, -1) + alphabet[last ^ bits]
    expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(signature, 'base64url'))
    expect(verifyToken(`${head}.${body}.${other}`, secret)).toBeUndefined()
  }
  for (const text of [
    '',
    head,
    `${head}.${body}`,
    `${token}.`,
    `${token}=`,
    `.${body}.${signature}`,
  ]) {
    expect(verifyToken(text, secret)).toBeUndefined()
  }
})
