/** Which declarations of actions type-check: each line below a directive is an error for `tsc`, or the directive is. */
import { expect, it } from 'vitest'
import type { Account } from '#src/account/account.ts'
import { once, onceCommit } from '#src/account/idempotency-keys.ts'
import {
  type Actions,
  type IdempotencyKey,
  type OnceNames,
  reads,
  writes,
} from '#src/rules/actions.ts'

const plain = async (_account: Account, _input: object) => 1
const keyed = async (_account: Account, _input: object, _key?: IdempotencyKey) => 1

it('an action that is not declared is an error', () => {
  // @ts-expect-error
  const undeclared: Actions = { group: { ...reads({ read: plain }), plain } }
  expect(Object.keys(undeclared['group']!)).toEqual(['read', 'plain'])
})

it('a feature that takes a key is an error where it would get none', () => {
  // @ts-expect-error
  reads({ keyed })
  // @ts-expect-error
  writes({ keyed })
  expect(Object.keys({ ...once({ keyed }), ...onceCommit({ commit: keyed }) })).toEqual([
    'keyed',
    'commit',
  ])
})

it('a feature that takes no key is an error where it must write one', () => {
  // @ts-expect-error
  once({ plain })
  // @ts-expect-error
  onceCommit({ plain })
  expect(Object.keys(writes({ plain }))).toEqual(['plain'])
})

it('a list that lacks an action that must run once, or has another, is an error', () => {
  const actions = {
    group: { ...once({ keyed }), ...onceCommit({ commit: keyed }), ...writes({ plain }) },
  } satisfies Actions
  type List = Record<OnceNames<typeof actions>, true>
  const complete: List = { 'group.keyed': true, 'group.commit': true }
  // @ts-expect-error
  const short: List = { 'group.keyed': true }
  // @ts-expect-error
  const long: List = { ...complete, 'group.plain': true }
  expect([short, long].map((list) => Object.keys(list).length)).toEqual([1, 3])
})
