import { expect, it } from 'vitest'
import { Activations } from '#actors/activations.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import { LiveActors } from '#src/engine/live-actors.ts'
import type { Log } from '#src/log.ts'
import { reads } from '#src/rules/actions.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

const first = ['CREATE TABLE note (text TEXT)']
const actions = { notes: reads({ list: async () => ['a note'] }) }

it('an actor whose database is of a newer release answers 503, writes nothing, and goes to sleep', async () => {
  const sql = nodeSql({ schema: [first, ['CREATE TABLE other (n INTEGER)']] })
  const db = Object.assign(sql, { activation: new Activations().begin('a') })
  await sql.first('SELECT 1')
  const lines: unknown[] = []
  const live = new LiveActors()
  const log = { warn: (...line: unknown[]) => void lines.push(line) } as unknown as Log
  let opened = 0
  const hooks = actorLifecycle('account', { live, log, release: 2 }, actions, {
    schema: [first],
    sleeps: false,
    open: () => opened++,
    close: () => void opened--,
  })
  let naps = 0
  const c = { key: ['did:plc:x'], db, vars: hooks.createVars(), sleep: () => naps++ }
  await hooks.onWake(c)
  expect(opened).toBe(0)
  expect(live.list('account')).toEqual([])
  expect(lines).toEqual([
    [
      { actor: 'account', key: 'did:plc:x', release: 2, found: 2, known: 1 },
      'the database was migrated by a newer release: this process does not open it',
    ],
  ])
  const list = toRivetActions(actions, {})['notes']!['list']!
  for (let call = 1; call <= 2; call++) {
    await expect(list(c)).rejects.toMatchObject({ code: 'Upgrading', metadata: { status: 503 } })
    expect(naps).toBe(call)
  }
  expect(lines).toHaveLength(1)
  expect(sql.batches).toBe(0)
  await hooks.onSleep(c)
  expect(opened).toBe(0)
})
