#include "signet/data/dataset_help.h"

#include "signet/data/dataset.h"

namespace signet {

std::string dataset_help() {
  std::string text = "Data sets (data.set), each in a folder (data.folder):\n";
  for (const auto& known : known_datasets()) {
    text += "  " + known.name + ": " + known.summary;
    if (!known.default_folder.empty())
      text += "; default folder " + known.default_folder;
    text += '\n';
  }
  return text +
         R"(
The folder of fashion-mnist, mnist or idx holds four files, each as it is or with
.gz:
  train-images-idx3-ubyte  images x height x width, or
                           images x channels x height x width
  train-labels-idx1-ubyte  one class an image, from 0 on
  t10k-images-idx3-ubyte   the same of the test set
  t10k-labels-idx1-ubyte
An IDX file has two bytes 0, a byte 8 (the values are bytes), a byte with the
number of dimensions, each dimension in four bytes, the highest first, and then
the values, the last dimension running fastest.
That of cifar-10 holds data_batch_1.bin to data_batch_5.bin and test_batch.bin,
its binary version.
)";
}

}  // namespace signet
