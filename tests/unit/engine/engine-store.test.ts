import { expect, it } from 'vitest'
import { parseFormerProcesses } from '#src/engine/engine-store.ts'

const [one, other] = [
  'f3118992-e547-4420-81ab-c6532906c697',
  '4fdb51c1-d55f-4aac-96a3-a11e8e91b108',
]

it('the engine store lists the actors of each process', () => {
  const listing = `ts=2026-11-21T06:20:50Z level=info message="starting file system driver" path=/data/db
  /9esh558d75lot/${one}/1cx9v0iqs4w09a22x8viua3sc6bl00 = 1
  /9esh558d75lot/${one}/96ed8ig1d2dnezt0ucegvt6lbfbl00 = 12
  /9esh558d75lot/${other}/lzgkj620775tbj3coryivv5cusbl00 = 3

3 entries
`
  expect(parseFormerProcesses(listing)).toEqual([
    {
      envoyKey: one,
      actors: [
        { actorId: '1cx9v0iqs4w09a22x8viua3sc6bl00', generation: 1 },
        { actorId: '96ed8ig1d2dnezt0ucegvt6lbfbl00', generation: 12 },
      ],
    },
    {
      envoyKey: other,
      actors: [{ actorId: 'lzgkj620775tbj3coryivv5cusbl00', generation: 3 }],
    },
  ])
})

it('the engine store lists nothing if no process has an actor', () => {
  expect(parseFormerProcesses('0 entries\n')).toEqual([])
})
