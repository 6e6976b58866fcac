import { expect, it } from 'vitest'
import {
  type CaseSubject,
  reasonKindOf,
  subjectKey,
  subjectOfKey,
} from '#src/rules/moderation-cases.ts'

it.each([
  ['com.atproto.moderation.defs#reasonSpam', 'spam'],
  ['com.atproto.moderation.defs#reasonViolation', 'rules'],
  ['com.atproto.moderation.defs#reasonRude', 'harassment'],
  ['com.atproto.moderation.defs#reasonAppeal', 'appeal'],
  ['tools.ozone.report.defs#reasonMisleadingSpam', 'spam'],
  ['tools.ozone.report.defs#reasonMisleadingScam', 'misleading'],
  ['tools.ozone.report.defs#reasonViolenceThreats', 'violence'],
  ['tools.ozone.report.defs#reasonChildSafetyHarassment', 'child-safety'],
  ['tools.ozone.report.defs#reasonRuleBanEvasion', 'rules'],
  ['tools.ozone.report.defs#reasonSelfHarmED', 'self-harm'],
  ['com.example.defs#reasonNew', 'other'],
  ['anything', 'other'],
])('the reason %s is of the kind %s', (reasonType, kind) => {
  expect(reasonKindOf(reasonType)).toBe(kind)
})

it.each<CaseSubject>([
  { did: 'did:web:a.example%3A80' },
  { did: 'did:plc:a', uri: 'at://did:plc:a/a.b.c/d' },
  { did: 'did:plc:a', blob: 'bafk' },
])('a subject is read back from its key: %o', (subject) => {
  expect(subjectOfKey(subjectKey(subject))).toEqual(subject)
})
