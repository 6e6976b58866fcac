import { expect, it } from 'vitest'
import { ClientReader } from '#src/gateway/realtime/client-reader.ts'

/** A connection with room for some answers, each of which is given when `answer` is called. */
function testReader({ room }: { room: number }) {
  const answered: string[] = []
  const state = { room, isPaused: false }
  const reader = new ClientReader({
    source: {
      pause: () => {
        state.isPaused = true
      },
      resume: () => {
        state.isPaused = false
      },
    },
    hasRoom: () => state.room > 0,
    async answer(text) {
      await Promise.resolve()
      answered.push(text)
      state.room -= 1
    },
  })
  const settle = () => new Promise(setImmediate)
  return { reader, state, answered, settle }
}

it('messages are answered one after the other, and then more are read', async () => {
  const { reader, state, answered, settle } = testReader({ room: 10 })
  for (const text of ['1', '2', '3']) reader.add(text)
  expect(state.isPaused).toBe(true)
  expect(answered).toEqual([])
  await settle()
  expect(answered).toEqual(['1', '2', '3'])
  expect(state.isPaused).toBe(false)
})

it('a client that does not read its answers is not read, until it does', async () => {
  const { reader, state, answered, settle } = testReader({ room: 2 })
  for (const text of ['1', '2', '3', '4']) reader.add(text)
  await settle()
  expect(answered).toEqual(['1', '2'])
  expect(state.isPaused).toBe(true)
  state.room = 1
  reader.onDrain()
  await settle()
  expect(answered).toEqual(['1', '2', '3'])
  expect(state.isPaused).toBe(true)
  state.room = 9
  reader.onDrain()
  await settle()
  expect(answered).toEqual(['1', '2', '3', '4'])
  expect(state.isPaused).toBe(false)
})

it('a connection that has ended is read on, and nothing more is answered', async () => {
  const { reader, state, answered, settle } = testReader({ room: 0 })
  reader.add('1')
  reader.stop()
  expect(state.isPaused).toBe(false)
  state.room = 9
  reader.add('2')
  reader.onDrain()
  await settle()
  expect(answered).toEqual([])
  expect(state.isPaused).toBe(false)
})
