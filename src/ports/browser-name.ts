/** Which browser on which system a user agent is, in words that its owner knows it by. */
import Bowser from 'bowser'

/** Such as `Linux • Chrome`, as the stock page of devices says it; the text itself where it tells neither. */
export function browserName(userAgent: string): string {
  if (userAgent === '') return ''
  const { os, browser } = Bowser.parse(userAgent)
  const names = [os.name, browser.name].filter(Boolean)
  return names.length === 0 ? userAgent : names.join(' • ')
}
