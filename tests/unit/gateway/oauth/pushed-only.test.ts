import { expect, it } from 'vitest'
import { dropUnpushedParams } from '#src/gateway/oauth/pushed-only.ts'

it.each([
  ['?client_id=a&request_uri=b', '?client_id=a&request_uri=b'],
  ['?client_id=a&redirect_uri=https%3A%2F%2Fevil.example.com&state=x', '?client_id=a'],
  ['?client_id=a&request=e30.e30.&request_uri=b', '?client_id=a&request_uri=b'],
  ['?client_id=a&request_uri=b&request_uri=c', '?client_id=a&request_uri=b'],
  ['?request_uri=b&redirect-test=1', '?request_uri=b&redirect-test=1'],
  ['?client_id=a&page=sign-in&account=b&next=c', '?client_id=a&page=sign-in&account=b'],
  ['?client_id=a?b&redirect_uri=c', '?client_id=a%3Fb'],
  ['', '?'],
])('the URL /oauth/authorize%s is read as /oauth/authorize%s', (given, read) => {
  expect(dropUnpushedParams(`/oauth/authorize${given}`)).toBe(`/oauth/authorize${read}`)
})

it('URLs of other paths are left as they are', () => {
  for (const url of [
    '/oauth/authorize/redirect?redirect_uri=a&code=b',
    '/account?redirect_uri=a',
  ]) {
    expect(dropUnpushedParams(url)).toBe(url)
  }
})
