import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ProviderPageClient } from '#tests/support/oauth-client.ts'
import { type OAuthFixture, openOAuthFixture } from '#tests/support/oauth-fixture.ts'
import { testDid } from '#tests/support/open-account.ts'

const service = 'https://api.hcaptcha.com/siteverify'
const own = globalThis.fetch
/** The requests that hCaptcha got, and its answer. */
const requests: URLSearchParams[] = []
let says: object = { success: true }

let fixture: OAuthFixture
beforeAll(async () => {
  // The library has the service's address built in, and uses the global fetch.
  vi.stubGlobal('fetch', async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    if (request.url !== service) return own(request)
    requests.push(new URLSearchParams(await request.text()))
    return Response.json({ challenge_ts: '2026-01-01T00:00:00Z', hostname: 'localhost', ...says })
  })
  fixture = await openOAuthFixture({
    siteKey: 'site key',
    secretKey: 'secret key',
    tokenSalt: 'salt',
  })
}, 20_000)
afterAll(async () => {
  vi.unstubAllGlobals()
  await fixture?.close()
})

const signUpInput = {
  locale: 'en',
  handle: 'new.test',
  email: 'new@example.com',
  password: 'correct horse',
}

async function signUp(more: object) {
  const browser = new ProviderPageClient(fixture.url)
  const page = await browser.open(`${fixture.url}/account/sign-up?handle=new.test`)
  const { status, body } = await browser.callApi('/sign-up', { ...signUpInput, ...more })
  return { page, status, body }
}

it('the sign-up page shows the hCaptcha with the site key', async () => {
  const { page } = await signUp({})
  expect(page.text).toContain('site key')
  expect(page.text).not.toContain('secret key')
  expect(page.headers['content-security-policy']).toContain('hcaptcha.com')
})

it('sign-up without an hCaptcha token is rejected', async () => {
  const { status, body } = await signUp({})
  expect([status, body['error_description']]).toEqual([400, 'hCaptcha token is required'])
  expect(requests).toEqual([])
})

it('sign-up with an invalid hCaptcha token is rejected', async () => {
  says = { success: false, 'error-codes': ['invalid-input-response'] }
  const { status, body } = await signUp({ hcaptchaToken: 'wrong' })
  expect([status, body['error_description']]).toEqual([400, 'hCaptcha verification failed'])
})

it('sign-up with a valid hCaptcha token makes an account, and hCaptcha does not get its name', async () => {
  says = { success: true }
  const { status, body } = await signUp({ hcaptchaToken: 'right' })
  expect([status, body]).toMatchObject([200, { account: { did: testDid } }])
  const question = Object.fromEntries(requests.at(-1)!)
  expect(question).toMatchObject({
    secret: 'secret key',
    sitekey: 'site key',
    response: 'right',
    remoteip: '203.0.113.7',
  })
  expect(question['client_tokens']).not.toContain(signUpInput.handle)
})
