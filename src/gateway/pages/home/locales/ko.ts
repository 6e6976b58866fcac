/** The texts of the landing page, the status and the pages beside them in Korean. */
import type { HomeTexts } from '#src/gateway/pages/home/locales/en.ts'

export const ko: HomeTexts = {
  signIn: '로그인',
  yourAccount: '내 계정',
  signUp: '계정 만들기',
  moveHere: '여기로 계정 이전',
  byInvite: '계정을 만들려면 초대 코드가 필요합니다.',
  about:
    '이곳의 계정은 AT Protocol의 모든 앱에서 쓸 수 있습니다. 게시물과 팔로우는 모두 내 것이며, 언제든지 다른 서버로 옮길 수 있습니다.',
  handles: '이곳에서의 이름',
  handlesHelp: '이 서버의 계정 이름은 이런 형태입니다. 자신의 도메인을 사용할 수도 있습니다.',
  you: 'you',
  contact: '연락처',
  status: '상태',
  home: '홈',
  works: '모두 정상입니다',
  fails: '일부가 작동하지 않습니다',
  failsHelp:
    '이 서버가 감시되고 있다면 운영자에게 알림이 전달되었습니다. 몇 분 후에 다시 시도하세요.',
  worksPart: '정상',
  failsPart: '작동 안 함',
  signingIn: '로그인',
  writing: '게시물 및 기타 변경',
  files: '이미지와 파일',
  network: '앱으로 전달',
  accountHere: '님의 계정이 이 서버에 있습니다.',
  did: '영구 식별자 (DID)',
  openProfile: 'Bluesky에서 프로필 열기',
  isYou: '본인이신가요?',
  noAccount: '이 이름의 계정이 없습니다',
  noAccountHelp: '이 서버에 {handle} 계정이 없습니다.',
  notFound: '페이지를 찾을 수 없습니다',
  notFoundHelp: '이 주소에는 아무것도 없습니다. 링크가 오래되었거나 잘못 입력되었을 수 있습니다.',
  broken: '문제가 발생했습니다',
  brokenHelp: '페이지를 표시할 수 없습니다. 잠시 후 다시 시도하세요.',
}
