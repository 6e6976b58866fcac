/** Of which accounts the webhooks of a tenant tell. */
import { expect, it } from 'vitest'
import { alice, bob, type TestWebhooks, testWebhooks } from '#tests/support/webhooks-fixture.ts'

async function withEndpoint(owners: Record<string, string>): Promise<TestWebhooks> {
  const test = await testWebhooks({ owner: 'roomy', owners })
  await test.add()
  return test
}

const arrived = (test: TestWebhooks, count: number) =>
  expect.poll(() => test.received.length).toBe(count)

it('a tenant gets events of its own accounts only', async () => {
  const test = await withEndpoint({ [alice]: 'roomy', [bob]: 'other' })
  await test.session(bob)
  await test.session(alice)
  await test.session('did:plc:none')
  await arrived(test, 1)
  expect(test.received[0]!.data).toMatchObject({ did: alice, seq: 1 })
})

it('a tenant hears of a deletion that the directory has forgotten, if it has heard of the account', async () => {
  const owners: Record<string, string> = { [alice]: 'roomy', [bob]: 'roomy' }
  const test = await withEndpoint(owners)
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
