/** Who names a bucket is kept with it. */
import { expect, it } from 'vitest'
import type { BucketInput } from '#src/gateway/archives/save-bucket.ts'
import { did, openGateway } from '#tests/support/gateway.ts'

const member = 'did:plc:eddieeditoreddieeditoraa'
const bucket = { bucket: 'a-bucket', accessKeyId: 'key', secretAccessKey: 'secret' }

it.each([
  [member, member],
  [did, undefined],
])('putBucket by %s says who has set it, if that is a member', async (caller, setBy) => {
  const saved: BucketInput[] = []
  const own = {
    save: async (_: string, input: BucketInput) => void saved.push(input),
    find: async () => undefined,
  }
  const { app } = openGateway(
    { account: { archive: { noteChange: () => undefined } } },
    {
      server: { archives: { own } } as never,
      authenticate: async () => ({ did: caller, scope: 'com.atproto.access' }) as never,
    },
  )
  const body = JSON.stringify({ account: did, ...bucket })
  const response = await app.request('/xrpc/dev.headwater.archive.putBucket', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': `${body.length}` },
    body,
  })
  expect(await response.json()).toEqual({})
  expect(saved).toEqual([{ ...bucket, ...(setBy !== undefined && { setBy }) }])
})
