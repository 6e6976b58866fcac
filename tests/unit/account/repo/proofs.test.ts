import { readCar } from '@atproto/repo'
import { expect, it } from 'vitest'
import { getBlocks } from '#src/account/repo/proofs.ts'
import { putRecord } from '#src/account/repo/write.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

it('getBlocks sends blocks of up to 8 MiB together, and refuses more', async () => {
  const account = await openTestAccount()
  const collection = 'com.example.thing'
  const cids: string[] = []
  for (let n = 0; n < 9; n++) {
    const record = { $type: collection, text: String(n).repeat(950_000) }
    cids.push((await putRecord(account, { collection, rkey: `k${n}`, record })).cid)
  }
  const car = await getBlocks(account, { cids: cids.slice(0, 8) }, 'anyone')
  expect((await readCar(car)).blocks.size).toBe(8)
  const tooMany = { status: 400, error: 'InvalidRequest', message: expect.stringMatching(/bytes/) }
  await expect(getBlocks(account, { cids }, 'anyone')).rejects.toMatchObject(tooMany)
})
