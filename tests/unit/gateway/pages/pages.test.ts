import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { authRequired, invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import { did, openGateway } from '#tests/support/gateway.ts'
import { pagePorts } from '#tests/support/page-ports.ts'

const signedOut = () => {
  throw authRequired('You are not signed in', 'SignedOut')
}
const csrf = 'c'.repeat(32)

/** POSTs the form that asks for a code by mail, in a browser whose sign-in lacks its second step. */
async function askForCode(requestStepCode: () => unknown, getPendingStep: () => unknown) {
  const gateway = openGateway(
    { account: { page: { requestStepCode, getPendingStep, check: signedOut } } },
    {
      pages: pagePorts({ now: () => 0 }),
    },
  )
  const path = '/account/sign-in?next=%2Faccount%2Fsecurity'
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    cookie: `security-form=${csrf}; security-account=token.${did}`,
  }
  const body = new URLSearchParams({ csrf, do: 'mail-code' }).toString()
  const stream = Readable.from([Buffer.from(body)])
  const incoming = Object.assign(stream, { url: path, socket: {}, headers })
  const response = await gateway.app.request(path, { method: 'POST', headers, body }, { incoming })
  const html = await response.text()
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    retryAfter: response.headers.get('retry-after'),
    forms: [...html.matchAll(/name="do" value="([^"]*)"/g)].map(([, name]) => name),
    html,
  }
}

const failing = () => {
  throw invalidRequest('account does not have an email address')
}

it('an error between the two steps of a sign-in is shown with the second step', async () => {
  const page = await askForCode(failing, () => ({ kinds: ['email'] }))
  expect(page).toMatchObject({ status: 400, type: 'text/html; charset=utf-8' })
  expect(page.forms).toContain('step')
  expect(page.html).toContain('The account has no email address.')
})

it('a page that refuses too many attempts says when to try again', async () => {
  const refuse = (headers?: Record<string, string>) => () => {
    throw new XrpcError(429, 'RateLimitExceeded', 'Too many wrong codes', headers)
  }
  const step = () => ({ kinds: ['email'] })
  const known = await askForCode(refuse({ 'retry-after': '600' }), step)
  expect(known).toMatchObject({ status: 429, retryAfter: '600' })
  expect(await askForCode(refuse(), step)).toMatchObject({ status: 429, retryAfter: '10' })
})

it('an error of a sign-in whose second step is too late is shown with the sign-in form', async () => {
  const page = await askForCode(failing, signedOut)
  expect(page).toMatchObject({ status: 400, type: 'text/html; charset=utf-8' })
  expect(page.forms).toContain('sign-in')
})

it('an error of ours between the two steps is a page without details', async () => {
  const broken = () => {
    throw unavailable('details of the server')
  }
  const page = await askForCode(broken, () => ({ kinds: ['email'] }))
  const type = 'text/html; charset=utf-8'
  expect(page).toMatchObject({ status: 503, type, retryAfter: '10' })
  expect(page.html).not.toContain('details of the server')
})

it.each([
  ['/account/security/sign-in', '/account/sign-in?next=%2Faccount%2Fsecurity'],
  ['/account/security/sign-in/passkey', '/account/sign-in?next=%2Faccount%2Fsecurity'],
  ['/account/security/step', '/account/sign-in?next=%2Faccount%2Fsecurity&page=step'],
])('%s, where earlier releases had a form, leads to the sign-in form', async (path, location) => {
  const gateway = openGateway({}, { pages: pagePorts({ now: () => 0 }) })
  for (const method of ['GET', 'POST']) {
    const response = await gateway.app.request(path, { method })
    expect([response.status, response.headers.get('location')]).toEqual([303, location])
  }
})

it('the way back to an app leads to its request, which has the sign-in form', async () => {
  const gateway = openGateway({}, { pages: pagePorts({ now: () => 0 }) })
  const request = '/oauth/authorize?client_id=app&request_uri=urn%3Areq'
  const cookie = `security-onward=${encodeURIComponent(request)}`
  const response = await gateway.app.request('/account/security?app', { headers: { cookie } })
  expect([response.status, response.headers.get('location')]).toEqual([303, request])
})
