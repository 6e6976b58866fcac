/** Who has webhooks, as the directory knows for the time after a restart. */
import { expect, it } from 'vitest'
import { putSetting } from '#src/directory/settings.ts'
import { hasWebhooks, listWebhookOwners, setWebhookOwner } from '#src/directory/webhook-owners.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

it('owners are listed in order and in pages, among other settings', async () => {
  const directory = testDirectory()
  await putSetting(directory, { name: 'a', value: '1' })
  await putSetting(directory, { name: 'zzz', value: '1' })
  for (const owner of ['server', 'roomy', 'roomy', 'other']) {
    await setWebhookOwner(directory, { owner, isListed: true })
  }
  expect(await listWebhookOwners(directory, { limit: 2 })).toEqual(['other', 'roomy'])
  expect(await listWebhookOwners(directory, { after: 'roomy', limit: 2 })).toEqual(['server'])
})

it('an owner without an endpoint is not listed any more, also after a restart', async () => {
  const directory = testDirectory()
  await setWebhookOwner(directory, { owner: 'server', isListed: true })
  expect(await hasWebhooks(directory, { owner: 'server' })).toBe(true)
  const before = directory.sql.batches
  await setWebhookOwner(directory, { owner: 'server', isListed: true })
  expect(directory.sql.batches).toBe(before)
  const again = testDirectory({ sql: directory.sql })
  for (let i = 0; i < 2; i++) await setWebhookOwner(again, { owner: 'server', isListed: false })
  expect(await hasWebhooks(again, { owner: 'server' })).toBe(false)
  expect(await listWebhookOwners(again, { limit: 2 })).toEqual([])
})
