/** How a member of a group signs in at its own server, which is another one, and comes back. */
import { expect } from 'vitest'
import { ProviderPageClient, type SignedIn } from '#tests/support/oauth-client.ts'
import type { TestAccount } from '#tests/support/server.ts'

/** The host name under which browsers know a server of a test. */
export const atLocalhost = (url: string) => url.replace('127.0.0.1', 'localhost')

/** Where the page sends the browser. */
export function target({ text }: { text: string }): URL {
  const [, url = ''] = /content="0; url=([^"]+)"/.exec(text) ?? []
  return new URL(url.replaceAll('&amp;', '&'))
}

/** Signs in at the account's server, and consents; returns the URL of the redirect. */
export async function signInAt(
  home: { url: string },
  url: URL,
  { handle: username, password }: Pick<TestAccount, 'handle' | 'password'>,
): Promise<URL> {
  const browser = new ProviderPageClient(atLocalhost(home.url))
  expect((await browser.open(url)).status).toBe(200)
  const credentials = { locale: 'en', username, password, remember: false }
  const { body } = await browser.callApi<SignedIn>('/sign-in', credentials)
  const consent = await browser.callApi<{ url: string }>(
    '/consent',
    { did: body.account.did },
    { as: body.ephemeralToken },
  )
  expect(consent).toMatchObject({ status: 200 })
  const redirect = new URL(consent.body.url)
  const back = new URL(redirect.searchParams.get('redirect_uri')!)
  for (const name of ['code', 'state', 'iss']) {
    back.searchParams.set(name, redirect.searchParams.get(name)!)
  }
  return back
}
