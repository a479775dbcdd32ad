#include "libs/checkpoint/gguf_reader.h"
#include <chrono>
#include <cstdio>
int main(int c,char**v){for(int i=0;i<5;i++){auto t=std::chrono::steady_clock::now();auto f=tessera::GgufFile::Open(v[1]);
auto u=std::chrono::steady_clock::now();if(!f.ok()){puts(f.status().ToString().c_str());return 1;}
auto s=(*f)->GetStrings("tokenizer.ggml.tokens");auto m=(*f)->GetStrings("tokenizer.ggml.merges");auto w=std::chrono::steady_clock::now();
printf("open %.3f ms strings %.3f ms, %zu tensors %zu %zu\n",std::chrono::duration<double,std::milli>(u-t).count(),std::chrono::duration<double,std::milli>(w-u).count(),(*f)->tensors().size(),s->size(),m->size());}}
