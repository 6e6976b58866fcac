/** Which accounts the webhooks of a tenant get events of. */
import { expect, it } from 'vitest'
import { arrived, withEndpoint } from '#tests/support/webhook-scenarios.ts'
import { alice, bob } from '#tests/support/webhooks-fixture.ts'

it('a tenant gets events of its own accounts only', async () => {
  const test = await withEndpoint({ owner: 'roomy', owners: { [alice]: 'roomy', [bob]: 'other' } })
  await test.session(bob)
  await test.session(alice)
  await test.session('did:plc:none')
  await arrived(test, 1)
  expect(test.received[0]!.data).toMatchObject({ did: alice, seq: 1 })
})

it('a tenant gets the deletion of an account that the directory has forgotten, if it has had an event of it', async () => {
  const owners: Record<string, string> = { [alice]: 'roomy', [bob]: 'roomy' }
  const test = await withEndpoint({ owner: 'roomy', owners })
  await test.session(alice)
  await arrived(test, 1)
  delete owners[alice]
  delete owners[bob]
  await test.session(alice)
  await test.account(bob, 'deleted')
  await test.account(alice, 'deleted')
  await arrived(test, 2)
  expect(test.received[1]).toMatchObject({
    type: 'account.deleted',
    data: { did: alice, seq: 2 },
  })
})

it('a tenant gets no deletion of an account that has moved to another tenant', async () => {
  const owners: Record<string, string> = { [alice]: 'roomy', [bob]: 'roomy' }
  const test = await withEndpoint({ owner: 'roomy', owners })
  await test.session(alice)
  await arrived(test, 1)
  owners[alice] = 'other'
  await test.session(alice)
  await test.session(bob)
  await arrived(test, 2)
  delete owners[alice]
  await test.account(alice, 'deleted')
  await test.session(bob)
  await arrived(test, 3)
  expect(test.received.map(({ data }) => data)).toMatchObject([
    { did: alice },
    { did: bob },
    { did: bob },
  ])
})
