# Arrow C++ under one set of names, millrace::{arrow,parquet,dataset,s3}: an installed Arrow 26 if
# there is one, else the libraries inside the pyarrow wheel (docs/decisions/why-arrow.md).
find_package(Arrow 26 CONFIG QUIET)
if(Arrow_FOUND)
  find_package(Parquet CONFIG REQUIRED)
  find_package(ArrowDataset CONFIG REQUIRED)
  add_library(millrace::arrow ALIAS Arrow::arrow_shared)
  add_library(millrace::parquet ALIAS Parquet::parquet_shared)
  add_library(millrace::dataset ALIAS ArrowDataset::arrow_dataset_shared)
  add_library(millrace::s3 ALIAS Arrow::arrow_shared)  # built with ARROW_S3
else()
  find_package(ArrowWheel 26 REQUIRED)
  foreach(_library arrow parquet dataset s3)
    add_library(millrace::${_library} ALIAS ArrowWheel::${_library})
  endforeach()
endif()
