" SPDX-License-Identifier: Apache-2.0
" Vim syntax of Gatehouse rule files (docs/policy.md). Copy packaging/vim/* to ~/.vim/.
if exists('b:current_syntax')
  finish
endif
syntax case match
setlocal iskeyword+=-,.
setlocal commentstring=#\ %s

syntax match   ghComment    '#.*$' contains=@Spell
syntax region  ghText       start='\~\@<!"' skip='\\"' end='"' oneline
syntax region  ghExpression start='\~"' skip='\\"' end='"' oneline
syntax match   ghReference  '@[A-Za-z0-9_.-]\+'
syntax match   ghAddress    '\<\d\+\.\d\+\.\d\+\.\d\+\(/\d\+\)\?\>'
syntax match   ghAllow      '^\s*allow\>' nextgroup=ghName skipwhite
syntax match   ghDeny       '^\s*deny\>' nextgroup=ghName skipwhite
syntax match   ghGoesOn     '^\s*\(audit\|tag\|header\|limit\)\>' nextgroup=ghName skipwhite
syntax match   ghDefinition '^\s*\(set\|list\|include\)\>' nextgroup=ghName skipwhite
syntax match   ghExpect     '^\s*expect\>'
syntax match   ghName       '[A-Za-z0-9_.-]\+' contained
syntax keyword ghCondition  from label listener port method to path header when verified unverified status type size
syntax keyword ghNot        not
syntax keyword ghAnswer     page json empty redirect reset as remove upstream connections burst per client host shared
syntax match   ghAmount     '\<\d\+/\(s\|min\|h\)\>'
syntax match   ghArrow      '->'

highlight default link ghComment    Comment
highlight default link ghText       String
highlight default link ghExpression Special
highlight default link ghReference  Identifier
highlight default link ghAddress    Number
highlight default link ghAllow      Statement
highlight default link ghDeny       Exception
highlight default link ghGoesOn     PreProc
highlight default link ghDefinition Define
highlight default link ghExpect     Todo
highlight default link ghName       Function
highlight default link ghCondition  Keyword
highlight default link ghNot        Operator
highlight default link ghAnswer     Type
highlight default link ghAmount     Number
highlight default link ghArrow      Operator

let b:current_syntax = 'gatehouse'
