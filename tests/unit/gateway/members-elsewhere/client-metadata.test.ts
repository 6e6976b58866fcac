import { assertOAuthDiscoverableClientId } from '@atproto/oauth-types'
import { expect, it } from 'vitest'
import { clientMetadata } from '#src/gateway/members-elsewhere/client-metadata.ts'

it('a public server is the client whose id is the URL of its metadata', () => {
  const metadata = clientMetadata({
    publicUrl: 'https://pds.example.com',
    hostname: 'pds.example.com',
  })
  assertOAuthDiscoverableClientId(metadata.client_id!)
  expect(metadata).toMatchObject({
    client_id: 'https://pds.example.com/oauth/members/client-metadata.json',
    redirect_uris: ['https://pds.example.com/oauth/members/callback'],
    ...{ scope: 'atproto', application_type: 'web', dpop_bound_access_tokens: true },
  })
})

it("a developer's server is a loopback client", () => {
  const metadata = clientMetadata({ publicUrl: 'http://localhost:2583', hostname: 'localhost' })
  expect(metadata.redirect_uris).toEqual(['http://127.0.0.1:2583/oauth/members/callback'])
  expect(metadata.client_id).toMatch(/^http:\/\/localhost\?redirect_uri=/)
})
