import { expect, it } from 'vitest'
import { directoryActions } from '#actors/actions/directory.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { checkShards, DataCheckError } from '#src/gateway/data-checks/check-shards.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

function testDispatch(): Pick<Dispatch, 'directory'> {
  const subject = testDirectory()
  const { get, put } = directoryActions.settings
  const settings = {
    get: (input: { name: string }) => get(subject, input),
    put: (input: { name: string; value: string }) => put(subject, input),
  }
  return { directory: { settings } } as unknown as Pick<Dispatch, 'directory'>
}

const counts = { authorization: 8, limiter: 4 }

it('the numbers of shards of the first start are those of every other', async () => {
  const dispatch = testDispatch()
  await checkShards(dispatch, counts)
  await checkShards(dispatch, counts)
  await expect(checkShards(dispatch, { ...counts, authorization: 16 })).rejects.toThrow(
    'This build has 16 authorization shards, and the data was written with 8',
  )
  const fewer = checkShards(dispatch, { ...counts, limiter: 2 })
  await expect(fewer).rejects.toBeInstanceOf(DataCheckError)
  await checkShards(dispatch, counts)
})

it('the numbers of shards of this build are 8 and 4, which released data depends on', async () => {
  const dispatch = testDispatch()
  await checkShards(dispatch, counts)
  await checkShards(dispatch)
})
