// SPDX-License-Identifier: Apache-2.0
// Mounts an image with the SPIFFS library of ESP-IDF and prints every file: name, size, content as hexadecimal digits.
// usage: c_reader IMAGE PAGE_SIZE BLOCK_SIZE
#include <stdio.h>
#include <stdlib.h>

#include "spiffs.h"

static u8_t* image;
static size_t image_size;

void spiffs_api_lock(spiffs* fs) { (void)fs; }
void spiffs_api_unlock(spiffs* fs) { (void)fs; }

static s32_t Read(spiffs* fs, u32_t address, u32_t size, u8_t* to) {
  (void)fs;
  if (address + size > image_size) return SPIFFS_ERR_INTERNAL;
  memcpy(to, image + address, size);
  return SPIFFS_OK;
}

static s32_t Refuse(const char* what) {
  fprintf(stderr, "the library wants to %s a sound image\n", what);
  exit(3);
}
static s32_t Write(spiffs* fs, u32_t address, u32_t size, u8_t* from) {
  (void)fs, (void)address, (void)size, (void)from;
  return Refuse("write to");
}
static s32_t Erase(spiffs* fs, u32_t address, u32_t size) {
  (void)fs, (void)address, (void)size;
  return Refuse("erase");
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  FILE* file = fopen(argv[1], "rb");
  if (file == NULL) return 2;
  fseek(file, 0, SEEK_END);
  image_size = (size_t)ftell(file);
  rewind(file);
  image = malloc(image_size);
  if (fread(image, 1, image_size, file) != image_size) return 2;
  fclose(file);

  const u32_t page_size = (u32_t)atoi(argv[2]);
  spiffs_config config = {.hal_read_f = Read,
                          .hal_write_f = Write,
                          .hal_erase_f = Erase,
                          .phys_size = (u32_t)image_size,
                          .phys_addr = 0,
                          .phys_erase_block = (u32_t)atoi(argv[3]),
                          .log_block_size = (u32_t)atoi(argv[3]),
                          .log_page_size = page_size};
  static u8_t descriptors[32 * 64];
  u8_t* work = malloc(2 * page_size);
  static u8_t cache[64 * 1024];
  spiffs fs = {0};
  s32_t result = SPIFFS_mount(&fs, &config, work, descriptors, sizeof descriptors, cache, sizeof cache, NULL);
  if (result != SPIFFS_OK) {
    printf("mount %d\n", (int)result);
    return 1;
  }
  spiffs_DIR directory;
  struct spiffs_dirent entry;
  SPIFFS_opendir(&fs, "/", &directory);
  while (SPIFFS_readdir(&directory, &entry) != NULL) {
    const spiffs_file opened = SPIFFS_open(&fs, (const char*)entry.name, SPIFFS_RDONLY, 0);
    if (opened < 0) {
      printf("open %s %d\n", entry.name, (int)SPIFFS_errno(&fs));
      return 1;
    }
    printf("%s %u ", entry.name, (unsigned)entry.size);
    u8_t part[1000];
    s32_t count;
    while ((count = SPIFFS_read(&fs, opened, part, sizeof part)) > 0) {
      for (s32_t i = 0; i < count; ++i) printf("%02x", part[i]);
    }
    if (count != SPIFFS_OK && SPIFFS_errno(&fs) != SPIFFS_ERR_END_OF_OBJECT) {
      printf("read %d\n", (int)SPIFFS_errno(&fs));
      return 1;
    }
    printf("\n");
    SPIFFS_close(&fs, opened);
  }
  return 0;
}
